"""What is seen of every request: a span under the caller's trace, a metric by route, X-Trace-Id."""

from time import perf_counter
from typing import Any, cast

from opentelemetry.trace import SpanKind
from quart import Quart, request

from bazaar_shared import telemetry
from bazaar_shared.metrics import HttpMetrics

_ROUTE = "bazaar.route"


def install(app: Quart, metrics: HttpMetrics) -> None:
    app.asgi_app = Observed(app.asgi_app, metrics)  # type: ignore[method-assign]
    app.before_request(_name_route)


async def _name_route() -> None:
    if request.url_rule is not None:
        # ASGI lets servers and middleware keep things of their own there
        cast("dict[str, Any]", request.scope)[_ROUTE] = request.url_rule.rule


class Observed:
    """Outside of Quart's own dispatch: also what it refuses by itself is seen."""

    def __init__(self, app: Any, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        carrier = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
        method = scope["method"]
        with self._metrics.active(method), telemetry.span(method, carrier, SpanKind.SERVER):
            await self._observe(scope, receive, send)

    async def _observe(self, scope: Any, receive: Any, send: Any) -> None:
        began = perf_counter()
        seconds: float | None = None
        status = 500

        async def send_named(message: Any) -> None:
            nonlocal seconds, status
            if message["type"] == "http.response.start":
                # a stream has answered when it begins; how long it goes on is no latency
                status, seconds = message["status"], perf_counter() - began
                trace = (telemetry.trace_id() or "").encode()
                message = {**message, "headers": [*message["headers"], (b"x-trace-id", trace)]}
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        finally:
            if seconds is not None:
                self._metrics.observe(scope["method"], scope.get(_ROUTE), status, seconds)

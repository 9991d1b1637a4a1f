"""What is seen of a request: a span, a metric by its rule, a line in the log, X-Trace-Id.

An extension of hooks, not a WSGI middleware: after routing Flask knows the rule, and a middleware does not.
"""

import logging
from contextlib import ExitStack
from time import perf_counter

from flask import Flask, Response, g, request
from opentelemetry.trace import SpanKind, get_current_span

from bazaar_shared.metrics import HttpMetrics
from bazaar_shared.telemetry import span, trace_id

log = logging.getLogger("reviews.access")


class Observability:
    def __init__(self) -> None:
        self._metrics = HttpMetrics()

    def init_app(self, app: Flask) -> None:
        """Before every other extension: its `before` runs first then, its `after` last."""
        app.before_request(self._before)
        app.after_request(self._after)
        app.teardown_request(self._teardown)

    def _before(self) -> None:
        g.started, g.observed = perf_counter(), ExitStack()
        g.observed.enter_context(span(f"HTTP {request.method}", dict(request.headers), SpanKind.SERVER))
        g.observed.enter_context(self._metrics.active(request.method))

    def _after(self, response: Response) -> Response:
        route = rule()
        seconds = perf_counter() - g.started
        self._metrics.observe(request.method, route, response.status_code, seconds)
        get_current_span().update_name(f"{request.method} {route or 'unmatched'}")
        response.headers["X-Trace-Id"] = trace_id() or ""
        log.info(
            "%s %s %d",
            request.method,
            route or "unmatched",
            response.status_code,
            extra={"route": route, "status": response.status_code, "seconds": round(seconds, 4)},
        )
        return response

    def _teardown(self, _error: BaseException | None) -> None:
        if "observed" in g:
            g.pop("observed").close()


def rule() -> str | None:
    """`/api/reviews/<uuid:review_id>` as the market's metrics write it: `/api/reviews/{review_id}`."""
    return template(request.url_rule.rule) if request.url_rule else None


def template(flask_rule: str) -> str:
    parts = flask_rule.split("/")
    return "/".join(
        "{" + part[1:-1].rpartition(":")[2] + "}" if part.startswith("<") and part.endswith(">") else part
        for part in parts
    )

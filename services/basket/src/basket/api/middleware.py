"""Around every request: its span and trace id, its metrics by route, its security headers."""

import re
from functools import cache
from time import perf_counter

from opentelemetry import trace
from opentelemetry.trace import SpanKind
from sanic.response import BaseHTTPResponse

from basket.api.context import BasketApp, BasketRequest
from bazaar_shared.telemetry import span, trace_id


def install(app: BasketApp) -> None:
    # the outermost: before all other request middleware, after all other response middleware
    app.register_middleware(begin, "request", priority=100)
    app.register_middleware(end, "response", priority=-100)


async def begin(request: BasketRequest) -> None:
    context = request.ctx
    context.open.enter_context(request.app.ctx.metrics.active(request.method))
    attributes = {"http.request.method": request.method, "url.path": request.path}
    name = f"{request.method} {route_of(request) or ''}".rstrip()
    context.open.enter_context(span(name, request.headers, SpanKind.SERVER, attributes))


async def end(request: BasketRequest, response: BaseHTTPResponse) -> None:
    """Also after a refusal: Sanic's error handler answers before the response's middleware."""
    context = request.ctx
    response.headers["X-Trace-Id"] = trace_id() or ""
    # a basket is its owner's alone, and stock changes under the same version
    response.headers.setdefault("Cache-Control", "no-store")
    seconds = perf_counter() - context.started
    request.app.ctx.metrics.observe(request.method, route_of(request), response.status, seconds)
    trace.get_current_span().set_attribute("http.response.status_code", response.status)
    context.open.close()


def route_of(request: BasketRequest) -> str | None:
    """The template, never the path. A refusal before routing has none."""
    return None if request.route is None else _template(request.route.path)


@cache
def _template(path: str) -> str:
    """`api/basket/baskets/<basket_id:uuid>` → `/api/basket/baskets/{basket_id}`."""
    return "/" + re.sub(r"<(\w+)[^>]*>", r"{\1}", path)

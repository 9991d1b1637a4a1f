"""Around every request: its span and trace id, its metrics by route, and problems for whatever is raised."""

from collections.abc import Awaitable, Callable
from time import perf_counter

from aiohttp.web import Request, StreamResponse, middleware
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from bazaar_shared.metrics import HttpMetrics
from bazaar_shared.telemetry import span, trace_id
from insights.api.errors import answer_to

type Handler = Callable[[Request], Awaitable[StreamResponse]]


@middleware
async def observed(request: Request, handler: Handler) -> StreamResponse:
    route, metrics, began = route_of(request), HttpMetrics(), perf_counter()
    attributes = {"http.request.method": request.method, "url.path": request.path}
    with (
        metrics.active(request.method),
        span(f"{request.method} {route or ''}".rstrip(), request.headers, SpanKind.SERVER, attributes),
    ):
        try:
            response = await handler(request)
        except Exception as error:  # noqa: BLE001 every exception has its answer
            response = answer_to(error)
        response.headers["X-Trace-Id"] = trace_id() or ""
        response.headers.setdefault("Cache-Control", "no-store")
        metrics.observe(request.method, route, response.status, perf_counter() - began)
        trace.get_current_span().set_attribute("http.response.status_code", response.status)
    return response


def route_of(request: Request) -> str | None:
    """The template, never the path."""
    resource = request.match_info.route.resource
    return None if resource is None else resource.canonical

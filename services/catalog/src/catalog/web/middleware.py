"""What surrounds every request: trace, metrics, one log line, and a limit for its body."""

import logging
from collections.abc import Callable
from io import BytesIO
from time import perf_counter

from django.http import HttpRequest, HttpResponse
from opentelemetry.trace import SpanKind

from bazaar_shared.metrics import HttpMetrics
from bazaar_shared.problems import Problem
from bazaar_shared.telemetry import span, trace_id
from catalog.products.pictures import MAX_PICTURE_BYTES
from catalog.web.problems import respond

log = logging.getLogger("catalog.access")

Handler = Callable[[HttpRequest], HttpResponse]
MAX_BODY_BYTES = 64 * 1024


def observe(get_response: Handler) -> Handler:
    metrics = HttpMetrics()

    def middleware(request: HttpRequest) -> HttpResponse:
        method, started = request.method or "GET", perf_counter()
        with span(f"HTTP {method}", request.headers, SpanKind.SERVER) as current, metrics.active(method):
            response = get_response(request)
            route = route_of(request)
            seconds = perf_counter() - started
            metrics.observe(method, route, response.status_code, seconds)
            current.update_name(f"{method} {route or 'unmatched'}")
            response.headers["X-Trace-Id"] = trace_id() or ""
            log.info(
                "%s %s %d", method, route or request.path, response.status_code,
                extra={"duration_ms": round(seconds * 1000, 1)},
            )  # fmt: skip
        return response

    return middleware


def route_of(request: HttpRequest) -> str | None:
    """The URL pattern, never the path; None where no view was found (a static file, a 404)."""
    match = request.resolver_match
    return f"/{match.route}" if match else None


def limit_bodies(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        limit = limit_of(request)
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            return too_large(limit)
        if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            # Django reads as much as Content-Length says; a chunked body has none and would be taken as empty
            body = request.META["wsgi.input"].read(limit + 1)
            if len(body) > limit:
                return too_large(limit)
            request.META["CONTENT_LENGTH"] = str(len(body))
            request._stream = BytesIO(body)
        return get_response(request)

    return middleware


def limit_of(request: HttpRequest) -> int:
    if request.path.startswith("/admin/"):
        return MAX_PICTURE_BYTES + MAX_BODY_BYTES  # a form with a picture in it
    return MAX_PICTURE_BYTES if request.path.endswith("/picture") else MAX_BODY_BYTES


def too_large(limit: int) -> HttpResponse:
    return respond(Problem.of("body-too-large", f"At most {limit} bytes are taken here."))

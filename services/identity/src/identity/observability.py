"""What is seen of a request: a span, a metric by route pattern, a line in the log, X-Trace-Id."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

from opentelemetry.trace import SpanKind
from pyramid.response import Response
from pyramid.tweens import INGRESS
from pyramid_retry import is_error_retryable

from bazaar_shared import telemetry
from bazaar_shared.metrics import HttpMetrics

logger = logging.getLogger("identity.access")

Handler = Callable[[Any], Response]


def observation_tween_factory(handler: Handler, registry: Any) -> Handler:
    metrics: HttpMetrics = registry["identity.http_metrics"]

    def observe(request: Any) -> Response:
        started = perf_counter()
        with metrics.active(request.method), telemetry.span(request.method, request.headers, SpanKind.SERVER):
            response = handler(request)
            response.headers["X-Trace-Id"] = telemetry.trace_id() or ""
            # An attempt that pyramid_retry repeats is no answer yet: nobody sees it, so nothing counts it.
            if not is_error_retryable(request, getattr(request, "exception", None)):
                _account_for(request, response, perf_counter() - started, metrics)
        return response

    return observe


def _account_for(request: Any, response: Response, seconds: float, metrics: HttpMetrics) -> None:
    # The pattern, not the path: one time series for each route, whatever ids are in it.
    route = request.matched_route.pattern if getattr(request, "matched_route", None) else None
    metrics.observe(request.method, route, response.status_code, seconds)
    logger.info(
        "%s %s %d",
        request.method,
        route or "unmatched",
        response.status_code,
        extra={
            "method": request.method,
            "route": route,
            "status": response.status_code,
            "seconds": round(seconds, 4),
        },
    )


def includeme(config: Any) -> None:
    config.registry["identity.http_metrics"] = HttpMetrics()
    config.add_tween("identity.observability.observation_tween_factory", under=INGRESS)

"""HTTP server metrics under OpenTelemetry's names, the same on every framework: one dashboard serves all."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from opentelemetry import trace
from prometheus_client import REGISTRY, CollectorRegistry, Gauge, Histogram

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class HttpMetrics:
    """`route` is the framework's template (`/api/orders/{id}`), never the path: a label value for each id
    would fill the memory. None stands for a request that no route took. Two objects on one registry share
    their metrics.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._duration, self._active = _collectors(registry)

    def observe(self, method: str, route: str | None, status: int, seconds: float) -> None:
        labels = (_method(method), route or UNMATCHED, str(status))
        self._duration.labels(*labels).observe(seconds, _exemplar())

    @contextmanager
    def active(self, method: str) -> Iterator[None]:
        with self._active.labels(_method(method)).track_inprogress():
            yield


@cache
def _collectors(registry: CollectorRegistry) -> tuple[Histogram, Gauge]:
    return (
        Histogram(
            "http_server_request_duration_seconds",
            "Duration of HTTP server requests",
            ["http_request_method", "http_route", "http_response_status_code"],
            buckets=BUCKETS,
            registry=registry,
        ),
        Gauge(
            "http_server_active_requests",
            "HTTP server requests in flight",
            ["http_request_method"],
            registry=registry,
        ),
    )


def _method(method: str) -> str:
    # a client may send any word as a method; only known ones become label values
    return method if method in _METHODS else "_OTHER"


def _exemplar() -> dict[str, str] | None:
    context = trace.get_current_span().get_span_context()
    return (
        {"trace_id": f"{context.trace_id:032x}"} if context.is_valid and context.trace_flags.sampled else None
    )

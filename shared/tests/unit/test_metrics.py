import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest

from bazaar_shared import telemetry
from bazaar_shared.metrics import HttpMetrics

NAME = "http_server_request_duration_seconds"


def labels(method: str, route: str, status: str) -> dict[str, str]:
    return {"http_request_method": method, "http_route": route, "http_response_status_code": status}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_a_request_is_observed_by_method_route_and_status(registry: CollectorRegistry) -> None:
    HttpMetrics(registry).observe("GET", "/api/orders/{id}", 200, 0.03)
    by = labels("GET", "/api/orders/{id}", "200")
    assert registry.get_sample_value(f"{NAME}_count", by) == 1
    assert registry.get_sample_value(f"{NAME}_sum", by) == 0.03
    assert registry.get_sample_value(f"{NAME}_bucket", by | {"le": "0.025"}) == 0
    assert registry.get_sample_value(f"{NAME}_bucket", by | {"le": "0.05"}) == 1


def test_callers_can_not_make_up_label_values(registry: CollectorRegistry) -> None:
    HttpMetrics(registry).observe("BREW", None, 405, 0.01)
    assert registry.get_sample_value(f"{NAME}_count", labels("_OTHER", "unmatched", "405")) == 1
    assert b"BREW" not in generate_latest(registry)


def test_requests_in_flight_are_counted_also_when_they_fail(registry: CollectorRegistry) -> None:
    metrics = HttpMetrics(registry)

    def in_flight() -> float | None:
        return registry.get_sample_value("http_server_active_requests", {"http_request_method": "GET"})

    def fail() -> None:
        with metrics.active("GET"):
            assert in_flight() == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert in_flight() == 0


def test_two_applications_in_one_process_share_the_collectors(registry: CollectorRegistry) -> None:
    for metrics in (HttpMetrics(registry), HttpMetrics(registry)):
        metrics.observe("GET", "/a", 200, 0.01)
    assert registry.get_sample_value(f"{NAME}_count", labels("GET", "/a", "200")) == 2


def test_a_sampled_request_leaves_its_trace_as_an_exemplar(registry: CollectorRegistry) -> None:
    telemetry.configure("tests", "unit")
    metrics = HttpMetrics(registry)
    metrics.observe("GET", "/untraced", 200, 0.01)
    assert b"trace_id" not in generate_latest(registry)
    with telemetry.span("request"):
        metrics.observe("GET", "/traced", 200, 0.01)
        assert f'trace_id="{telemetry.trace_id()}"'.encode() in generate_latest(registry)

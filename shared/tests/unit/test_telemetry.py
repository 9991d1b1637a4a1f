import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from bazaar_shared import telemetry

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(autouse=True)
def _configured() -> None:
    telemetry.configure("tests", "unit")


def test_configuring_twice_keeps_the_first_provider() -> None:
    provider = trace.get_tracer_provider()
    telemetry.configure("tests", "again")
    assert trace.get_tracer_provider() is provider


def test_a_span_under_a_carrier_continues_its_trace() -> None:
    with telemetry.span("work", {"traceparent": PARENT}, SpanKind.SERVER) as span:
        assert telemetry.trace_id() == TRACE
        assert span.parent.span_id == 0xB7AD6B7169203331
        assert telemetry.current_traceparent() == f"00-{TRACE}-{span.get_span_context().span_id:016x}-01"


def test_http_header_names_have_no_case() -> None:
    with telemetry.span("work", {"Traceparent": PARENT}):
        assert telemetry.trace_id() == TRACE


def test_a_span_without_a_carrier_is_a_child_of_the_current_one() -> None:
    with telemetry.span("outer", {"traceparent": PARENT}), telemetry.span("inner"):
        assert telemetry.trace_id() == TRACE


@pytest.mark.parametrize(
    "broken", ["", "nonsense", "00-" + "0" * 32 + "-b7ad6b7169203331-01", PARENT + "\x00"]
)
def test_a_broken_carrier_begins_a_new_trace(broken: str) -> None:
    with telemetry.span("work", {"traceparent": broken}):
        assert telemetry.trace_id() not in {None, TRACE, "0" * 32}


def test_an_empty_carrier_does_not_join_the_trace_around_it() -> None:
    with telemetry.span("outer", {"traceparent": PARENT}), telemetry.span("other work", {}):
        assert telemetry.trace_id() != TRACE


def test_the_context_goes_on_in_a_carrier() -> None:
    carrier: dict[str, str] = {}
    with telemetry.span("work", {"traceparent": PARENT, "tracestate": "vendor=1"}):
        telemetry.inject(carrier)
    assert carrier["traceparent"].startswith(f"00-{TRACE}-")
    assert carrier["tracestate"] == "vendor=1"


def test_baggage_is_not_carried_on() -> None:
    carrier: dict[str, str] = {}
    with telemetry.span("work", {"traceparent": PARENT, "baggage": "user=me"}):
        telemetry.inject(carrier)
    assert "baggage" not in carrier


def test_outside_of_a_trace_there_is_none() -> None:
    assert telemetry.trace_id() is None
    assert telemetry.current_traceparent() is None

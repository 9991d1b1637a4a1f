import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bazaar_shared import telemetry
from bazaar_shared.envelope import Event, InvalidEvent

EVENT = Event(
    id="2f1c3f1e-6a3a-4f55-9d62-6a0b1a0c7a11",
    source="/bazaar/orders",
    type="bazaar.orders.order.placed.v1",
    subject="o-1",
    time=datetime(2026, 11, 21, 8, 0, 0, 250000, tzinfo=UTC),
    data={"order_id": "o-1", "name": "Grüner Tee"},
    version=3,
)
DOCUMENT = {
    "specversion": "1.0",
    "id": "2f1c3f1e-6a3a-4f55-9d62-6a0b1a0c7a11",
    "source": "/bazaar/orders",
    "type": "bazaar.orders.order.placed.v1",
    "subject": "o-1",
    "time": "2026-11-21T08:00:00.250000Z",
    "datacontenttype": "application/json",
    "aggregateversion": 3,
    "data": {"order_id": "o-1", "name": "Grüner Tee"},
}


def test_an_event_is_a_cloudevents_document() -> None:
    assert EVENT.to_dict() == DOCUMENT


def test_an_event_survives_the_wire() -> None:
    assert Event.from_json(EVENT.to_json()) == EVENT


def test_times_are_read_with_any_offset_and_kept_in_utc() -> None:
    elsewhere = DOCUMENT | {"time": "2026-11-21T09:00:00.25+01:00"}
    assert Event.from_dict(elsewhere).time == EVENT.time
    assert Event.from_dict(elsewhere).time.tzinfo is UTC


def test_a_time_in_another_zone_is_written_in_utc() -> None:
    there = EVENT.time.astimezone(timezone(timedelta(hours=5)))
    assert Event.from_json(EVENT.to_json()).time.isoformat() == "2026-11-21T08:00:00.250000+00:00"
    assert (
        Event(**{name: getattr(EVENT, name) for name in EVENT.__slots__} | {"time": there}).to_dict()
        == DOCUMENT
    )


def test_a_new_event_carries_the_current_trace() -> None:
    telemetry.configure("tests", "unit")
    with telemetry.span("storing an order"):
        event = Event.new(source="/s", type="t.v1", subject="o-1", version=1, data={})
        assert event.traceparent == telemetry.current_traceparent()
    assert event.to_dict()["traceparent"] == event.traceparent
    assert Event.from_json(event.to_json()) == event


def test_outside_of_a_trace_there_is_no_traceparent() -> None:
    event = Event.new(source="/s", type="t.v1", subject="o-1", version=1, data={})
    assert event.traceparent is None
    assert "traceparent" not in event.to_dict()


def test_two_new_events_differ_in_their_ids() -> None:
    first, second = (Event.new(source="/s", type="t.v1", subject="o", version=1, data={}) for _ in range(2))
    assert first.id != second.id


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"specversion": "0.3"}, "not a CloudEvents 1.0 object"),
        ({"id": ""}, "id: a text is required"),
        ({"id": "17"}, "id: a UUID is required"),
        ({"source": None}, "source: a text is required"),
        ({"type": 7}, "type: a text is required"),
        ({"subject": ["o-1"]}, "subject: a text is required"),
        ({"time": "yesterday"}, "time: an RFC 3339 time is required"),
        ({"time": "2026-11-21T08:00:00"}, "time: an offset is required"),
        ({"aggregateversion": True}, "aggregateversion: a whole number from 0 on is required"),
        ({"aggregateversion": -1}, "aggregateversion: a whole number from 0 on is required"),
        ({"aggregateversion": "3"}, "aggregateversion: a whole number from 0 on is required"),
        ({"aggregateversion": 2**63}, "aggregateversion: more than 64 bits hold"),
        ({"data": [1]}, "data: an object is required"),
    ],
)
def test_what_is_no_event_of_ours_is_refused_with_its_reason(change: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        Event.from_json(json.dumps(DOCUMENT | change))
    assert refused.value.reason == reason


@pytest.mark.parametrize("raw", [None, b"", b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000, b"[]", b"null"])
def test_bytes_that_are_no_event_are_refused(raw: bytes | None) -> None:
    with pytest.raises(InvalidEvent):
        Event.from_json(raw)


@pytest.mark.parametrize("name", [name for name in DOCUMENT if name != "datacontenttype"])
def test_each_attribute_is_required(name: str) -> None:
    with pytest.raises(InvalidEvent):
        Event.from_dict({key: value for key, value in DOCUMENT.items() if key != name})


def test_what_json_can_not_say_does_not_leave() -> None:
    with pytest.raises(ValueError, match="JSON"):
        Event.new(source="/s", type="t.v1", subject="o", version=1, data={"x": float("nan")}).to_json()

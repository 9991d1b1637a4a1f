import json
from collections.abc import Callable
from typing import Any

import pytest
from insights.records import BasketEvent, ClickEvent, OrderEvent

from tests.events import basket, click, encoded, line, new_id, order


def test_what_stands_on_the_topics_is_read() -> None:
    event = OrderEvent.loads(
        encoded(order("confirmed", [line(new_id(), 500)]) | {"time": "2026-11-26T12:00:00.5Z"})
    )
    assert event.time.isoformat() == "2026-11-26T12:00:00.500000+00:00"
    assert [each.line_total_minor for each in event.data.lines] == [500]
    assert ClickEvent.loads(encoded(click("search"))).data.product_id is None
    assert BasketEvent.loads(encoded(basket("open", []))).data.lines == []


def test_fields_that_are_new_do_no_harm() -> None:
    event = order("confirmed", [line(new_id(), 500)])
    event["data"]["gift"] = True
    assert OrderEvent.loads(encoded(event)).data.status == "confirmed"


def put(*path: str | int, value: Any = None) -> Callable[[Any], None]:
    def change(event: Any) -> None:
        *parents, last = path
        for each in parents:
            event = event[each]
        event[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        put("data"),
        put("data", value=5),
        put("time"),
        put("time", value="yesterday"),
        put("time", value="2026-11-26T12:00:00"),
        put("aggregateversion", value="2"),
        put("data", "lines"),
        put("data", "lines", value=["x"]),
        put("data", "lines", value=[{}]),
        put("data", "total_minor", value="7"),
        put("data", "total_minor", value=-1),
        put("data", "total_minor", value=True),
        put("data", "total_minor", value=2**63),
        put("data", "currency"),
        put("data", "currency", value=""),
        put("data", "order_id", value="x"),
        put("data", "order_id", value="8D8AC610-566D-4EF0-9C22-186B2A5ED793"),
        put("data", "status", value="lost"),
        put("data", "lines", 0, "quantity", value="two"),
        put("data", "lines", 0, "seller_id"),
    ],
)
def test_what_is_wrong_in_any_place_is_refused(change: Callable[[Any], None]) -> None:
    event = order("confirmed", [line(new_id(), 500)])
    change(event)
    with pytest.raises(Exception, match=r"."):
        OrderEvent.loads(encoded(event))


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"5", b"{}", b"\xff", json.dumps("x").encode()])
def test_what_is_no_event_is_refused(raw: bytes) -> None:
    with pytest.raises(Exception, match=r"."):
        OrderEvent.loads(raw)

"""What each stream comes to, told to a running worker and read by HTTP."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bazaar_shared.contracts import load, violations
from bazaar_shared.envelope import Event
from bazaar_shared.testing import aeventually
from tests.component.conftest import Market
from tests.events import basket, click, encoded, line, new_id, order

CONTRACT = load(Path(__file__).parents[4] / "shared" / "contracts" / "asyncapi" / "bazaar.yaml")


async def until(check: Callable[[], bool]) -> None:
    await aeventually(lambda: asyncio.to_thread(check), within=20, every=0.2)


def now() -> datetime:
    return datetime.now(UTC)


def read(market: Market, path: str) -> Any:
    status, body = market.workers[0].asked(path, market.operator())
    assert status == 200, body
    return body


def total(market: Market, seller: str) -> tuple[int, int]:
    body = read(market, f"/sellers/{seller}/revenue")["total"]
    return body["orders"], body["revenue_minor"]


async def test_an_order_counts_once_in_its_minute_for_each_of_its_sellers(busy: Market) -> None:
    one, two, order_id = new_id(), new_id(), new_id()
    lines = [line(one, 500), line(two, 300), line(one, 200)]
    happened = now() - timedelta(minutes=3)
    confirmed = order("confirmed", lines, order_id=order_id, time=happened)
    again = order("confirmed", lines, order_id=order_id, time=now(), version=5)
    await busy.tell(busy.names.orders, order("pending", lines, order_id=order_id, version=1))
    await busy.tell(busy.names.orders, confirmed, confirmed, again)
    await until(lambda: total(busy, two) == (1, 300))

    body = read(busy, f"/sellers/{one}/revenue?minutes=10")
    minute = happened.replace(second=0, microsecond=0).isoformat().replace("+00:00", "Z")
    assert body["total"] == {"orders": 1, "revenue_minor": 700}
    assert [each for each in body["minutes"] if each["orders"]] == [
        {"minute": minute, "orders": 1, "revenue_minor": 700}
    ]
    assert len(body["minutes"]) == 10
    assert body["currency"] == "EUR"


async def test_a_refund_takes_out_of_the_same_minute(busy: Market) -> None:
    seller, order_id = new_id(), new_id()
    lines = [line(seller, 900)]
    await busy.tell(
        busy.names.orders,
        order("confirmed", lines, order_id=order_id, time=now() - timedelta(minutes=5)),
        order("confirmed", [line(seller, 50)], time=now()),
    )
    await until(lambda: total(busy, seller) == (2, 950))
    await busy.tell(
        busy.names.orders,
        order("refunding", lines, order_id=order_id, time=now(), version=3),
        order("refunded", lines, order_id=order_id, time=now(), version=4),
        # an old telling that comes after it, from a relay that came back from the dead
        order("confirmed", lines, order_id=order_id, time=now() - timedelta(minutes=5)),
    )
    await until(lambda: total(busy, seller) == (1, 50))
    minutes = read(busy, f"/sellers/{seller}/revenue")["minutes"]
    assert sum(minute["revenue_minor"] for minute in minutes) == 50


async def test_an_order_that_comes_too_late_is_in_the_total_and_in_no_minute(busy: Market) -> None:
    seller = new_id()
    before = busy.workers[0].metric('insights_late_events_total{stream="orders"}')
    await busy.tell(
        busy.names.orders, order("confirmed", [line(seller, 700)], time=now() - timedelta(minutes=61))
    )
    await until(lambda: total(busy, seller) == (1, 700))
    body = read(busy, f"/sellers/{seller}/revenue?minutes=120")
    assert sum(minute["orders"] for minute in body["minutes"]) == 0
    assert busy.workers[0].metric('insights_late_events_total{stream="orders"}') == before + 1


async def test_clicks_are_trends_and_visits_and_count_once(busy: Market) -> None:
    hot, cold, visit = new_id(), new_id(), new_id()
    earlier = read(busy, "/funnel?hours=1")["steps"]
    viewed = click("view", session_id=visit, product_id=hot, at=now())
    clicks = [
        viewed,
        viewed,
        click("search", session_id=visit, at=now()),
        click("add", session_id=visit, product_id=hot, at=now()),
        click("buy", session_id=visit, product_id=hot, at=now()),
    ]
    await busy.tell(busy.names.clicks, *clicks, key=visit)
    other = new_id()
    late = click("buy", session_id=other, product_id=cold, at=now() - timedelta(minutes=70))
    await busy.tell(busy.names.clicks, late, key=other)
    await busy.tell(busy.names.clicks, click("view", session_id=other, product_id=cold, at=now()), key=other)

    def found() -> bool:
        items = {item["product_id"]: item for item in read(busy, "/trending?limit=50")["items"]}
        assert items.get(hot) == {"product_id": hot, "score": 14, "views": 1, "adds": 1, "buys": 1}
        # the purchase that came too late is not in it
        assert items.get(cold) == {"product_id": cold, "score": 1, "views": 1, "adds": 0, "buys": 0}
        return True

    await until(found)
    steps = read(busy, "/funnel?hours=1")["steps"]
    gained = [new["sessions"] - old["sessions"] for new, old in zip(steps, earlier, strict=True)]
    assert gained == [2, 1, 1, 1]
    assert read(busy, "/trending?limit=1")["items"][0]["product_id"] == hot


async def test_baskets_that_nobody_touches_are_abandoned(busy: Market) -> None:
    product, left, fresh, bought = new_id(), new_id(), new_id(), new_id()
    long_ago = now() - timedelta(hours=3)
    await busy.tell(
        busy.names.baskets,
        basket("open", [(product, 2)], basket_id=left, time=long_ago),
        # a price changed; nobody touched it
        basket("open", [(product, 2)], basket_id=left, version=2, time=now(), price=150),
        basket("open", [(product, 1)], basket_id=fresh, time=now()),
        basket("open", [], time=long_ago),
        basket("open", [(product, 5)], basket_id=bought, time=long_ago),
        basket("checked_out", [(product, 5)], basket_id=bought, version=2, time=long_ago),
        # told again after it was bought
        basket("open", [(product, 5)], basket_id=bought, time=long_ago),
    )
    expected = {"open": 2, "abandoned": 1, "abandoned_value_minor": 300, "currency": "EUR"}
    await until(lambda: read(busy, "/baskets/abandoned?minutes=60") == expected)
    assert read(busy, "/baskets/abandoned?minutes=240")["abandoned"] == 0


async def test_unusual_orders_raise_each_alert_once(busy: Market) -> None:
    shopper, seller = new_id(), new_id()
    large = order("pending", [line(seller, 600_000, quantity=50)], version=1, time=now())
    many = [order("pending", [line(seller, 10)], shopper_id=shopper, version=1, time=now()) for _ in range(5)]
    await busy.tell(busy.names.orders, large, large, *many, many[-1])

    def alerts() -> bool:
        found = [(alert["order_id"], alert["rule"]) for alert in read(busy, "/alerts?limit=100")["items"]]
        assert sorted(found) == sorted(
            [
                (large["subject"], "very_large_total"),
                (large["subject"], "many_of_one_product"),
                (many[-1]["subject"], "many_orders_of_one_shopper"),
            ]
        )
        return True

    await until(alerts)
    records = await busy.read(busy.names.alerts)
    assert {dict(record.headers)["content-type"] for record in records} == {b"application/cloudevents+json"}
    published = [Event.from_json(record.value) for record in records]
    assert len(published) == len({event.id for event in published}) == 3
    assert [violations(CONTRACT, "insights.alert", event) for event in published] == [[], [], []]
    page = read(busy, "/alerts?limit=2")
    rest = read(busy, f"/alerts?limit=2&cursor={page['next_cursor']}")
    assert len(page["items"]) == 2
    assert len(rest["items"]) == 1
    assert rest["next_cursor"] is None
    assert [*page["items"], *rest["items"]] == read(busy, "/alerts")["items"]


async def test_what_is_no_event_is_laid_aside_and_comes_back_when_it_can_be_read(busy: Market) -> None:
    names, seller = busy.names, new_id()
    broken = order("confirmed", [line(seller, 400)], time=now())
    broken["data"]["lines"][0]["quantity"] = "two"
    good = order("confirmed", [line(seller, 100)], time=now())
    await busy.raw(names.orders, b"{")
    await busy.raw(names.orders, encoded(broken))
    await busy.raw(names.clicks, None)
    await busy.tell(names.orders, good)
    await until(lambda: total(busy, seller) == (1, 100))

    async def laid_aside() -> list[Any]:
        return await busy.read(names.dead_letters)

    letters = await aeventually(lambda: three(laid_aside), within=10)
    about = [dict(letter.headers) for letter in letters]
    assert {each["dead-letter-group"] for each in about} == {names.app_id.encode()}
    reasons = sorted(each["dead-letter-reason"].decode() for each in about)
    assert "ValidationError: quantity must be a whole number" in "".join(reasons)

    # nothing has changed: they are refused again, and nothing is lost
    busy.run("replay-dead-letters")
    assert len(await laid_aside()) == 6
    # one that can be read, as after a release that knows it
    headers = [
        ("dead-letter-group", names.app_id.encode()),
        ("dead-letter-topic", names.orders.encode()),
        ("dead-letter-partition", b"3"),
        ("dead-letter-offset", b"0"),
    ]
    mended = order("confirmed", [line(seller, 400)], time=now(), order_id=broken["subject"])
    async with busy.producing() as producer:
        await producer.send_and_wait(names.dead_letters, encoded(mended), key=b"k", headers=headers)
    busy.run("replay-dead-letters")
    await until(lambda: total(busy, seller) == (2, 500))


async def three(read_all: Callable[[], Any]) -> list[Any]:
    found = await read_all()
    assert len(found) >= 3
    return list(found)

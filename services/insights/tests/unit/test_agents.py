"""Each agent in Faust's test context: what it writes, what it sends on, and that twice is once."""

from datetime import timedelta
from typing import Any

from insights.records import BasketEvent, ClickEvent, OrderEvent, Placed, ProductClick, Sale

from bazaar_shared.testing import aeventually
from tests.events import NOW, basket, click, line, new_id, order
from tests.unit.conftest import Unit

MINUTE = int(NOW.timestamp()) // 60 * 60
DAY = MINUTE // 86400 * 86400


async def run(unit: Unit, agent: str, *values: Any, late_by: float = 0) -> None:
    async with unit.app.agents[agent].test_context() as running:
        published = NOW.timestamp() + late_by
        # not `wait`: it misses the agent that is quicker than the one who waits
        events = [await running.put(value, timestamp=published, wait=False) for value in values]
        await aeventually(lambda: all(event.message.acked for event in events), every=0.001)


def as_order(event: dict[str, Any]) -> OrderEvent:
    return OrderEvent.from_data(event)


async def test_an_order_is_told_to_its_sellers_at_its_first_confirmation(unit: Unit) -> None:
    one, two = new_id(), new_id()
    lines = [line(one, 500), line(two, 300), line(one, 200)]
    confirmed = order("confirmed", lines)
    again = order(
        "confirmed", lines, order_id=confirmed["subject"], version=4, time=NOW + timedelta(minutes=9)
    )
    await run(unit, "orders", as_order(confirmed), as_order(again))

    sales = unit.to("insights-sales")
    assert {(sale.seller_id, sale.amount_minor, sale.minute, sale.state, sale.late) for sale in sales} == {
        (one, 700, MINUTE, "counted", False),
        (two, 300, MINUTE, "counted", False),
    }
    # told again they are sent again, the same
    assert len(sales) == 4


async def test_a_refund_is_told_with_the_minute_and_amount_of_the_sale_it_takes_back(unit: Unit) -> None:
    seller, lines = new_id(), []
    lines = [line(seller, 500)]
    confirmed = order("confirmed", lines)
    later = NOW + timedelta(days=2)
    refunded = order("refunded", lines, order_id=confirmed["subject"], version=4, time=later)
    await run(unit, "orders", as_order(confirmed), as_order(refunded))
    assert [(sale.minute, sale.state) for sale in unit.to("insights-sales")] == [
        (MINUTE, "counted"),
        (MINUTE, "refunded"),
    ]


async def test_a_refund_that_overtook_its_confirmation_takes_out_what_comes_then(unit: Unit) -> None:
    lines = [line(new_id(), 500)]
    refunded = order("refunded", lines, version=4)
    confirmed = order("confirmed", lines, order_id=refunded["subject"])
    await run(unit, "orders", as_order(refunded))
    assert unit.to("insights-sales") == []
    await run(unit, "orders", as_order(confirmed))
    assert [sale.state for sale in unit.to("insights-sales")] == ["refunded"]


async def test_other_states_are_nothing_to_the_books(unit: Unit) -> None:
    states = ("cancelled", "shipped", "delivered", "refunding")
    await run(unit, "orders", *(as_order(order(state, [line(new_id(), 5)])) for state in states))
    assert unit.sent == []


async def test_how_late_an_order_is_is_judged_by_kafkas_time_and_not_by_todays(unit: Unit) -> None:
    """Read again in a year, the same orders are late."""
    await run(unit, "orders", as_order(order("confirmed", [line(new_id(), 5)])), late_by=3600)
    await run(unit, "orders", as_order(order("confirmed", [line(new_id(), 5)])), late_by=3601)
    assert [sale.late for sale in unit.to("insights-sales")] == [False, True]


def sale(
    seller: str, amount: int, state: str = "counted", *, order_id: str | None = None, late: bool = False
) -> Sale:
    return Sale(
        order_id=order_id or new_id(),
        seller_id=seller,
        minute=MINUTE,
        amount_minor=amount,
        currency="EUR",
        state=state,
        late=late,
    )


async def test_sums_follow_from_the_bucket_and_twice_is_once(unit: Unit) -> None:
    seller, first = new_id(), new_id()
    late = sale(seller, 40, late=True)
    counted = sale(seller, 500, order_id=first)
    await run(unit, "sales", counted, counted, sale(seller, 300), late, late)
    tables = unit.tables
    assert tables.sale_days[f"{seller}|{DAY}"] == {str(MINUTE): [2, 800], "late": [1, 40]}
    assert tables.sellers[seller] == {str(DAY): [3, 840]}

    refunded = sale(seller, 500, "refunded", order_id=first)
    # and the old telling after it
    await run(unit, "sales", refunded, counted)
    assert tables.sale_minutes[f"{seller}|{MINUTE}"][first] == [500, "refunded", "EUR"]
    assert tables.sellers[seller] == {str(DAY): [2, 340]}


async def test_a_crash_between_two_levels_is_mended_by_the_next_try(unit: Unit) -> None:
    """What a worker that was killed after the first of three values leaves behind."""
    seller, told = new_id(), sale("", 500)
    told.seller_id = seller
    await run(unit, "sales", told)
    unit.tables.sale_days.data.pop(f"{seller}|{DAY}")
    unit.tables.sellers.data.pop(seller)
    await run(unit, "sales", told)
    assert unit.tables.sellers[seller] == {str(DAY): [1, 500]}


async def test_a_visit_is_counted_by_its_steps(unit: Unit) -> None:
    visit, product = new_id(), new_id()
    viewed = click("view", session_id=visit, product_id=product)
    clicks = [viewed, viewed, click("add", session_id=visit, product_id=product, at=NOW + timedelta(hours=2))]
    await run(unit, "clicks", *(ClickEvent.from_data(each) for each in clicks), late_by=7300)
    # two hours later than the first of them: that one is late, and the visit begins with the second
    begin = MINUTE + 7200
    assert unit.tables.session_hours[f"0|{begin // 3600 * 3600}"] == {str(begin): [1, 0, 0, 1, 0]}
    assert [each.kind for each in unit.to("insights-product-clicks")] == ["add"]

    await run(unit, "clicks", ClickEvent.from_data(click("search")))
    assert unit.tables.session_hours[f"0|{MINUTE // 3600 * 3600}"] == {str(MINUTE): [1, 0, 1, 0, 0]}
    assert len(unit.to("insights-product-clicks")) == 1


async def test_a_products_clicks_are_in_each_window_that_covers_them(unit: Unit) -> None:
    product, at = new_id(), NOW.timestamp()
    viewed = ProductClick(click_id=new_id(), product_id=product, kind="view", at=at)
    bought = ProductClick(click_id=new_id(), product_id=product, kind="buy", at=at)
    searched = ProductClick(click_id=new_id(), product_id=product, kind="search", at=at)
    await run(unit, "products", viewed, viewed, bought, searched)
    windows = {tuple(key[1]): value for key, value in unit.tables.trending.table.items()}
    assert len(windows) == 6
    assert list(windows.values()) == [{str(MINUTE): [1, 0, 1]}] * 6
    assert all(begin <= at < end + 1 for begin, end in windows)


async def test_a_basket_is_touched_by_its_shopper_and_not_by_a_price(unit: Unit) -> None:
    product, basket_id = new_id(), new_id()
    later = NOW + timedelta(hours=1)
    told = [
        basket("open", [(product, 2)], basket_id=basket_id),
        basket("open", [(product, 2)], basket_id=basket_id, version=2, time=later, price=150),
    ]
    await run(unit, "baskets", *map(BasketEvent.from_data, told))
    assert unit.tables.baskets[basket_id]["touched"] == NOW.timestamp()
    assert unit.tables.baskets[basket_id]["total_minor"] == 300

    touched = basket("open", [(product, 3)], basket_id=basket_id, version=3, time=later)
    closed = basket("checked_out", [(product, 3)], basket_id=basket_id, version=4, time=later)
    await run(unit, "baskets", BasketEvent.from_data(touched))
    assert unit.tables.baskets[basket_id]["touched"] == later.timestamp()
    # the older one after the newer one
    await run(unit, "baskets", BasketEvent.from_data(closed), BasketEvent.from_data(touched))
    assert unit.tables.baskets[basket_id] == {"version": 4, "open": False}


def placed(shopper: str, total: int = 10, most: int = 1, after: float = 0) -> Placed:
    return Placed(
        order_id=new_id(),
        shopper_id=shopper,
        at=NOW.timestamp() + after,
        total_minor=total,
        currency="EUR",
        most_of_one=most,
    )


async def test_alerts_are_published_once_for_each_order_and_rule(unit: Unit) -> None:
    large = placed(new_id(), total=2_000_000, most=40)
    await run(unit, "alerts", large, large, placed(new_id()))
    found = unit.tables.alerts[large.order_id]
    assert {rule: alert["severity"] for rule, alert in found.items()} == {
        "very_large_total": "critical",
        "many_of_one_product": "warning",
    }
    assert len(unit.to("insights.alert")) == 2


async def test_many_orders_are_said_of_the_newest_in_whatever_order_they_come(unit: Unit) -> None:
    shopper = new_id()
    orders = [placed(shopper, after=60.0 * number) for number in range(5)]
    await run(unit, "alerts", orders[4], *orders[:4])
    assert list(unit.tables.alerts.keys()) == [orders[4].order_id]
    # eleven minutes later it is one of few again
    await run(unit, "alerts", placed(shopper, after=4 * 60 + 601))
    assert len(unit.to("insights.alert")) == 1

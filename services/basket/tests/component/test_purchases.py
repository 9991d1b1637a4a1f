"""What an order that was confirmed does to the basket it came from."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from bazaar_shared.envelope import Event
from tests.component.conftest import Holder, Shop


def order_event(
    basket: Holder,
    quantities: dict[UUID, int],
    *,
    status: str = "confirmed",
    version: int = 2,
    **changes: Any,
) -> Event:
    data = {
        "order_id": str(uuid4()),
        "status": status,
        "reason": None,
        "shopper_id": str(uuid4()),
        "total_minor": 1,
        "currency": "EUR",
        "basket_id": basket.id,
        "basket_version": basket.seen["version"],
        "lines": [
            {
                "product_id": str(product),
                "seller_id": str(uuid4()),
                "quantity": quantity,
                "unit_price_minor": 1,
                "line_total_minor": quantity,
            }
            for product, quantity in quantities.items()
        ],
    } | changes
    kind = f"bazaar.orders.order.{status}.v1"
    return Event.new(source="/bazaar/orders", type=kind, subject=data["order_id"], version=version, data=data)


async def test_a_bought_basket_closes(shop: Shop) -> None:
    tea = await shop.sell()
    subject = str(uuid4())
    member = await shop.member(subject)
    await member.add(tea, 2)
    event = order_event(member, {tea: 2})
    await shop.tell("orders.order", event)
    basket = await member.look()
    assert (basket["status"], basket["order_id"], basket["version"]) == ("checked_out", event.subject, 3)
    assert (member.lines, basket["buyable"]) == ({str(tea): 2}, False)
    assert (await shop.events(member.id))[-1] == (3, "checked_out")
    assert (await shop.member(subject)).id != member.id
    answer = await member.send("DELETE", "/lines")
    assert answer.status_code == 409


async def test_what_came_after_the_order_goes_on_in_a_new_basket(shop: Shop) -> None:
    tea, cup, pot = await shop.sell(), await shop.sell(), await shop.sell()
    subject = str(uuid4())
    member = await shop.member(subject)
    await member.add(tea, 2)
    await member.add(cup, 5)
    event = order_event(member, {tea: 2, cup: 3})
    await member.add(pot, 1)
    await shop.tell("orders.order", event)
    basket = await member.look()
    assert (basket["status"], basket["order_id"]) == ("checked_out", event.subject)
    assert member.lines == {str(tea): 2, str(cup): 3}
    rest = await shop.member(subject)
    assert rest.id != member.id
    assert (rest.lines, rest.seen["status"], rest.seen["version"]) == ({str(cup): 2, str(pot): 1}, "open", 1)
    assert (await shop.events(member.id))[-1] == (5, "checked_out")
    assert await shop.events(rest.id) == [(1, "open")]


async def test_a_basket_that_only_changed_its_prices_leaves_no_rest(shop: Shop) -> None:
    tea = await shop.sell()
    subject = str(uuid4())
    member = await shop.member(subject)
    await member.add(tea, 2)
    event = order_event(member, {tea: 2}, basket_version=1)
    await shop.tell("orders.order", event)
    basket = await member.look()
    assert (basket["status"], member.lines) == ("checked_out", {str(tea): 2})
    assert (await shop.member(subject)).lines == {}


async def test_an_order_that_is_confirmed_again_takes_nothing_twice(shop: Shop) -> None:
    """A refund that was refused: the order is told as confirmed once more, by another event."""
    tea, cup = await shop.sell(), await shop.sell()
    subject = str(uuid4())
    member = await shop.member(subject)
    await member.add(tea, 5)
    first = order_event(member, {tea: 2})
    await member.add(cup)
    again = Event.new(
        source=first.source,
        type=first.type,
        subject=first.subject,
        version=4,
        data=dict(first.data) | {"reason": "parcel_left"},
    )
    for event in (first, first, again):
        await shop.tell("orders.order", event)
    rest = await shop.member(subject)
    assert (rest.lines, rest.seen["version"]) == ({str(tea): 3, str(cup): 1}, 1)


@pytest.mark.parametrize("status", ["pending", "cancelled", "shipped", "refunding", "refunded"])
async def test_any_other_news_of_an_order_leaves_the_basket(shop: Shop, status: str) -> None:
    tea = await shop.sell()
    member = await shop.member(str(uuid4()))
    await member.add(tea)
    await shop.tell("orders.order", order_event(member, {tea: 1}, status=status))
    assert ((await member.look())["version"], member.seen["status"]) == (2, "open")


async def test_orders_without_a_basket_or_of_an_unknown_one(shop: Shop) -> None:
    tea = await shop.sell()
    member = await shop.member(str(uuid4()))
    await member.add(tea)
    without = order_event(member, {tea: 1}, basket_id=None, basket_version=None)
    earlier = order_event(member, {tea: 1})
    data = {name: value for name, value in earlier.data.items() if not name.startswith("basket")}
    earlier = Event.new(
        source=earlier.source, type=earlier.type, subject=earlier.subject, version=2, data=data
    )
    unknown = order_event(member, {tea: 1}, basket_id=str(uuid4()))
    for event in (without, earlier, unknown):
        await shop.tell("orders.order", event)
    assert (await member.look())["version"] == 2

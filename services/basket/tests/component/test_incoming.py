"""What basket learns from Kafka, each event once and only what is newer."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from basket.database import AWAY

from bazaar_shared.consumer import PermanentError
from bazaar_shared.testing import aeventually
from tests.component.conftest import Holder, Shop


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"price_minor": 1200}, ["price_changed"]),
        ({"status": "archived"}, ["unavailable"]),
        ({"currency": "USD"}, ["unavailable"]),
        ({"status": "archived", "price_minor": 1200}, ["unavailable", "price_changed"]),
    ],
    ids=str,
)
async def test_what_was_shown_changes_so_does_the_version(
    shop: Shop, change: dict[str, Any], kinds: list[str]
) -> None:
    tea, other = await shop.sell(1000), await shop.sell(1000)
    guest, member, bystander = await shop.guest(), await shop.member(str(uuid4())), await shop.guest()
    await guest.add(tea)
    await member.add(tea, 2)
    await bystander.add(other)
    await shop.change(tea, **change)
    for holder in (guest, member):
        basket = await holder.look(since=2)
        assert [(told["version"], told["kind"]) for told in basket["changes"]] == [
            (3, kind) for kind in kinds
        ]
        assert (await shop.events(holder.id))[-1] == (3, "open")
    assert (await bystander.look())["version"] == 2


async def test_a_product_comes_back(shop: Shop) -> None:
    tea = await shop.sell(1000, status="archived")
    await shop.change(tea)
    guest = await shop.guest()
    await guest.add(tea)
    await shop.change(tea, status="archived")
    await shop.change(tea, status="active")
    assert [told["kind"] for told in (await guest.look(since=2))["changes"]] == ["unavailable", "available"]
    assert guest.seen["buyable"] is True


async def test_a_new_name_is_no_new_version(shop: Shop) -> None:
    tea = await shop.sell(1000)
    guest = await shop.guest()
    await guest.add(tea)
    await shop.change(tea, name="A fine tea")
    assert ((await guest.look())["version"], guest.line(tea)["name"]) == (2, "A fine tea")


async def test_stock_is_no_new_version(shop: Shop) -> None:
    tea = await shop.sell(1000)
    guest = await shop.guest()
    await guest.add(tea, 2)
    await shop.stock(tea, 1)
    assert ((await guest.look())["version"], guest.line(tea)["status"]) == (2, "short")
    assert len(await shop.events(guest.id)) == 2


async def test_stock_may_be_told_before_its_product(shop: Shop) -> None:
    tea = uuid4()
    await shop.stock(tea, 4)
    await shop.change(tea)
    guest = await shop.guest()
    assert (await guest.add(tea))["lines"][0]["available"] == 4


async def test_old_news_is_no_news(shop: Shop) -> None:
    tea = await shop.sell(1000)
    guest = await shop.guest()
    await guest.add(tea)
    newest = shop.product_event(tea, 5, price_minor=1500)
    for event in (
        newest,
        newest,
        shop.product_event(tea, 4, price_minor=1),
        shop.product_event(tea, 5, price_minor=2),
    ):
        await shop.tell("catalog.product", event)
    await shop.stock(tea, 9, version=3)
    await shop.stock(tea, 0, version=2)
    basket = await guest.look()
    assert (basket["version"], basket["total_minor"], guest.line(tea)["available"]) == (3, 1500, 9)


async def test_closed_baskets_stay_as_they_were(shop: Shop) -> None:
    tea = await shop.sell(1000)
    member, guest = await shop.member(str(uuid4())), await shop.guest()
    await guest.add(tea)
    await shop.merge(guest, member)
    version = (await guest.look())["version"]
    await shop.change(tea, price_minor=1100)
    assert (await guest.look())["version"] == version


async def test_more_baskets_than_a_chunk(shop: Shop) -> None:
    tea = await shop.sell(1000)
    await shop.pool.execute(
        "insert into basket"
        " (id, token_hash, status, currency, version, left_out, created_at, updated_at, touched_at)"
        " select gen_random_uuid(), 'x', 'open', 'EUR', 1, '[]', now(), now(), now()"
        " from generate_series(1, 450)"
    )
    await shop.pool.execute(
        "insert into basket_line (basket_id, product_id, quantity, added_price_minor)"
        " select id, $1, 1, 1000 from basket",
        tea,
    )
    await shop.change(tea, price_minor=1100)
    assert await shop.pool.fetchval("select count(*) from basket where version = 2") == 450
    assert await shop.pool.fetchval("select count(distinct key) from outbox") == 450
    assert await shop.pool.fetchval("select count(*) from basket_change where kind = 'price_changed'") == 450


async def test_prices_of_many_products_at_once_do_not_stand_in_each_others_way(shop: Shop) -> None:
    """All in the same baskets: what locks them in two orders would end in a deadlock."""
    products = [await shop.sell() for _ in range(4)]
    holders = [await shop.guest() for _ in range(8)]
    for number, holder in enumerate(holders):
        for product in products if number % 2 else reversed(products):
            await holder.add(product)

    async def several(product: UUID) -> None:
        for price in range(1001, 1006):
            await shop.change(product, price_minor=price)

    async def clearing(holder: Holder) -> None:
        for product in products:
            await holder.look()
            await holder.send("PUT", f"/lines/{product}", json={"quantity": 2})

    await asyncio.gather(*map(several, products), *map(clearing, holders))
    for holder in holders:
        assert (await holder.look())["version"] >= 5 + 20


@pytest.mark.parametrize(
    ("topic", "broken"),
    [
        ("catalog.product", {"price_minor": -1}),
        ("catalog.product", {"price_minor": "cheap"}),
        ("catalog.product", {"product_id": "tea"}),
        ("catalog.product", {"currency": None}),
        ("catalog.product", {"price_minor": 2**63}),
        ("catalog.product", {"name": "A\0tea"}),
        ("catalog.product", {"name": "\ud800"}),
        ("inventory.stock", {"available": -1}),
        ("inventory.stock", {"available": 2**63}),
        ("orders.order", {"order_id": None}),
    ],
    ids=ascii,
)
async def test_what_can_never_be_handled_is_a_permanent_error(
    shop: Shop, topic: str, broken: dict[str, Any]
) -> None:
    event = shop.product_event(uuid4(), **broken)
    with pytest.raises(PermanentError, match=f"data.{next(iter(broken))}"):
        await shop.tell(topic, event)
    for table in ("inbox", "product", "stock"):
        assert await shop.pool.fetchval(f"select count(*) from {table}") == 0


async def test_a_topic_nobody_handles_is_a_permanent_error(shop: Shop) -> None:
    with pytest.raises(PermanentError, match="nobody here handles"):
        await shop.tell("clicks", shop.product_event(uuid4()))


async def test_a_connection_that_was_cut_is_not_used_again(shop: Shop) -> None:
    """The consumer handles all events in one task: a transaction that cannot begin must not stay its own."""
    tea = await shop.sell(1000)
    await shop.pool.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid() and application_name = 'basket'"
    )

    async def learnt() -> bool:
        try:
            await shop.change(tea, price_minor=1100)
        except AWAY:
            return False
        return True

    await aeventually(learnt)
    assert await shop.pool.fetchval("select price_minor from product") == 1100

"""What orders learns from Kafka: prices by version, parcels and what they make of an order, each once."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from orders.container import Container

from bazaar_shared.consumer import PermanentError, Record
from bazaar_shared.envelope import Event
from tests.component.conftest import OTHER_SELLER, SELLER, Market
from tests.component.test_cancel import bought, parcel_moves
from tests.component.test_saga import ended, events, working

PRODUCT = uuid4()


def product_event(version: int, price: int, **changes: Any) -> Event:
    data = {
        "product_id": str(PRODUCT),
        "sku": "TEA-1",
        "name": "A tea",
        "seller_id": str(SELLER),
        "seller_slug": "teas",
        "category": "tea",
        "price_minor": price,
        "currency": "EUR",
        "tax_rate_bp": 700,
        "status": "active",
        "picture_url": None,
    } | changes
    kind = "bazaar.catalog.product.v1"
    return Event.new(source="/bazaar/catalog", type=kind, subject=str(PRODUCT), version=version, data=data)


async def learn(container: Container, *news: Event, topic: str = "catalog.product") -> None:
    for number, event in enumerate(news):
        await container.incoming().handle(event, Record(topic, 0, number, event.subject))


async def known(pool: asyncpg.Pool) -> tuple[Any, ...]:
    row = await pool.fetchrow("select price_minor, version, status, previous_price_minor from product_price")
    return tuple(row)


async def test_a_price_is_learnt_and_can_be_bought_at(market: Market, container: Container) -> None:
    await learn(container, product_event(1, 250))
    assert await known(market.pool) == (250, 1, "active", None)
    answer = await market.post(market.body([(PRODUCT, 2)], 500))
    assert answer.status_code == 202
    assert answer.json()["lines"][0]["tax_rate_bp"] == 700


async def test_versions_out_of_order_leave_the_newest(pool: asyncpg.Pool, container: Container) -> None:
    await learn(
        container, product_event(2, 300), product_event(1, 250), product_event(4, 350), product_event(3, 999)
    )
    assert await known(pool) == (350, 4, "active", 300)


async def test_one_version_told_twice_counts_once(pool: asyncpg.Pool, container: Container) -> None:
    await learn(container, product_event(2, 300), product_event(2, 999))
    assert await known(pool) == (300, 2, "active", None)


async def test_an_archived_product_is_no_longer_sold(market: Market, container: Container) -> None:
    await learn(container, product_event(1, 250), product_event(2, 250, status="archived"))
    assert (await market.post(market.body([(PRODUCT, 1)], 250))).status_code == 409


async def test_a_change_of_price_is_told_to_who_saw_the_old_one(market: Market, container: Container) -> None:
    await learn(
        container, product_event(1, 250), product_event(2, 300), product_event(3, 300, name="A fine tea")
    )
    answer = await market.post(market.body([(PRODUCT, 1)], 250))
    assert answer.status_code == 409
    assert answer.json()["changes"] == [
        {"product_id": str(PRODUCT), "kind": "price_changed", "was": 250, "now": 300}
    ]


async def test_a_replayed_event_has_no_effect(market: Market, container: Container) -> None:
    order = await bought(market, container)
    moved = (await market.order(order["id"]))["version"]
    event = product_event(1, 250)
    await learn(container, event, event)
    await parcel_moves(container, order, "in_transit", 2)
    await parcel_moves(container, order, "in_transit", 2)  # the same version in another envelope
    assert (await market.order(order["id"]))["version"] == moved + 1
    assert await market.pool.fetchval("select count(*) from inbox where event_id = $1", event.id) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"price_minor": -1},
        {"price_minor": "cheap"},
        {"product_id": "tea"},
        {"currency": None},
        {"tax_rate_bp": 10_001},
        # what no column holds: it would be tried for ever
        {"price_minor": 2**63},
        {"name": "a\x00tea"},
    ],
    ids=str,
)
async def test_what_can_never_be_handled_is_a_permanent_error(
    pool: asyncpg.Pool, container: Container, broken: dict[str, Any]
) -> None:
    with pytest.raises(PermanentError, match=f"data.{next(iter(broken))}"):
        await learn(container, product_event(1, 250, **broken))
    assert await pool.fetchval("select count(*) from inbox") == 0
    assert await pool.fetchval("select count(*) from product_price") == 0


async def test_an_order_is_shipped_and_delivered_by_its_parcels(market: Market, container: Container) -> None:
    tea, map_ = await market.sell(250), await market.sell(1999, seller=OTHER_SELLER)
    placed = (await market.post(market.body([(tea, 1), (map_, 1)], 2249))).json()
    async with working(container):
        order = await ended(market, placed["id"], "confirmed")
    first, second = order["parcels"]
    statuses = []
    for parcel, status, version in [
        (first, "booked", 1), (first, "in_transit", 2), (second, "in_transit", 2),
        (first, "delivered", 3), (second, "delivered", 3),
    ]:  # fmt: skip
        await parcel_moves(container, order | {"parcels": [parcel]}, status, version)
        statuses.append((await market.order(order["id"]))["status"])
    assert statuses == ["confirmed", "shipped", "shipped", "shipped", "delivered"]
    assert await events(market) == [("placed", 1), ("confirmed", 2), ("shipped", 3), ("delivered", 4)]
    parcels = (await market.order(order["id"]))["parcels"]
    assert {parcel["status"] for parcel in parcels} == {"delivered"}


async def test_parcels_out_of_order_leave_the_newest(market: Market, container: Container) -> None:
    order = await bought(market, container)
    await parcel_moves(container, order, "delivered", 3)
    await parcel_moves(container, order, "in_transit", 2)
    await parcel_moves(container, order, "booked", 1)
    now = await market.order(order["id"])
    assert (now["status"], now["parcels"][0]["status"]) == ("delivered", "delivered")


async def test_a_parcel_may_leave_before_its_booking_was_answered(
    market: Market, container: Container
) -> None:
    """The reply was lost; when it is given again, the parcel is on its way already."""
    parcel = {"parcel_id": str(uuid4()), "seller_id": str(SELLER), "tracking_code": "BZ1", "status": "booked"}
    order = await market.buy()

    async def leave_first(arguments: dict[str, Any]) -> Any:
        await parcel_moves(container, order | {"parcels": [parcel]}, "in_transit", 2)
        return {"parcels": [parcel]}

    container.rpc().on("book_parcels", leave_first)
    async with working(container):
        done = await ended(market, order["id"], "shipped")
    assert [(known["parcel_id"], known["status"]) for known in done["parcels"]] == [
        (parcel["parcel_id"], "in_transit")
    ]
    assert await events(market) == [("placed", 1), ("confirmed", 2), ("shipped", 3)]


async def test_an_event_and_the_reply_of_one_booking_do_not_stand_in_each_others_way(
    market: Market, container: Container
) -> None:
    """They lock the same rows at the same moment; neither may lose a second, or a try, to a deadlock."""
    orders = [await market.buy() for _ in range(15)]
    events_handled: list[asyncio.Task[None]] = []

    async def book(arguments: dict[str, Any]) -> Any:
        parcel = {
            "parcel_id": str(uuid4()),
            "seller_id": str(SELLER),
            "tracking_code": "BZ1",
            "status": "booked",
        }
        order = {"id": arguments["order_id"], "parcels": [parcel]}
        events_handled.append(asyncio.create_task(parcel_moves(container, order, "booked", 1)))
        return {"parcels": [parcel]}

    container.rpc().on("book_parcels", book)
    async with working(container):
        for order in orders:
            await ended(market, order["id"], "confirmed")
    await asyncio.gather(*events_handled)
    assert (
        await market.pool.fetchval("select count(*) from journal where outcome is distinct from 'done'") == 0
    )
    assert await market.pool.fetchval("select count(*) from parcel where version = 1") == 15


async def test_a_parcel_of_no_order_is_a_permanent_error(market: Market, container: Container) -> None:
    parcel = {"parcel_id": str(uuid4()), "seller_id": str(SELLER), "tracking_code": "BZ1"}
    with pytest.raises(PermanentError, match="there is no order"):
        await parcel_moves(container, {"id": str(UUID(int=1)), "parcels": [parcel]}, "booked", 1)


async def test_a_topic_nobody_handles_is_a_permanent_error(container: Container) -> None:
    with pytest.raises(PermanentError, match="nobody here handles"):
        await learn(container, product_event(1, 250), topic="clicks")

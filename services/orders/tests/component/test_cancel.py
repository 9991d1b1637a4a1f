"""A shopper's cancel: before the capture, after it, and in the race with it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from orders.api.queries import find_order
from orders.container import Container
from orders.domain.saga import Done
from orders.domain.steps import State
from orders.saga.cancel import ask_to_cancel
from orders.saga.store import Attempt, Fenced
from orders.storage.changes import lock_order, lock_saga
from orders.storage.tables import Saga

from bazaar_shared.consumer import Record
from bazaar_shared.envelope import Event
from bazaar_shared.testing import aeventually
from tests.component.conftest import Market, RecordedRpc
from tests.component.test_saga import ended, events, in_state, journal, refusal, working


async def bought(market: Market, container: Container) -> dict[str, Any]:
    order = await market.buy()
    async with working(container):
        return await ended(market, order["id"], "confirmed")


async def parcel_moves(container: Container, order: dict[str, Any], status: str, version: int) -> None:
    parcel = order["parcels"][0]
    event = Event.new(
        source="/bazaar/fulfillment/shipping",
        type=f"bazaar.shipping.parcel.{status}.v1",
        subject=parcel["parcel_id"],
        version=version,
        data={
            "parcel_id": parcel["parcel_id"],
            "order_id": order["id"],
            "seller_id": parcel["seller_id"],
            "status": status,
            "tracking_code": parcel["tracking_code"],
        },
    )
    await container.incoming().handle(event, Record("shipping.parcel", 0, version, parcel["parcel_id"]))


async def test_a_cancel_decides_on_what_is_so_under_the_lock(
    market: Market, container: Container, rpc: RecordedRpc
) -> None:
    """Not on what its session has loaded before: the payment is being captured by now."""
    order_id = UUID((await market.buy())["id"])
    async with container.sessions().begin() as session:
        held = await find_order(session, order_id)
        assert held.saga.state is State.RESERVING
        await market.pool.execute(
            "update saga set state = 'capturing', epoch = 7 where order_id = $1", order_id
        )
        await ask_to_cancel(session, order_id)
    saga = await market.pool.fetchrow("select state, epoch, cancel_asked from saga")
    assert (saga["state"], saga["epoch"], saga["cancel_asked"]) == ("capturing", 7, True)
    assert await events(market) == [("placed", 1)]
    assert rpc.calls == []


async def test_what_is_locked_is_read_again(market: Market, container: Container) -> None:
    order_id = UUID((await market.buy())["id"])
    async with container.sessions().begin() as session:
        held = await find_order(session, order_id)
        held_saga = held.saga
        await market.pool.execute("update saga set attempts = 3")
        await market.pool.execute("update orders set version = 5")
        # a worker's compare-and-set names what it expects; the other columns are as new as those
        saga = await lock_saga(session, order_id, Saga.epoch == held_saga.epoch)
        order = await lock_order(session, order_id)
        assert saga is held_saga
        assert order is held
        assert (held_saga.attempts, held.version) == (3, 5)


async def test_an_order_nobody_has_begun_is_only_released(
    market: Market, container: Container, rpc: RecordedRpc
) -> None:
    order = await market.buy()
    answer = await market.cancel(order["id"])
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["saga"]["state"]) == ("pending", "releasing")
    async with working(container):
        cancelled = await ended(market, order["id"], "cancelled")
    assert cancelled["reason"] == "cancelled_by_shopper"
    assert rpc.methods == ["release_stock"], "a tombstone, for a step that may still come"
    assert await events(market) == [("placed", 1), ("cancelled", 2)]
    assert await journal(market, order["id"]) == [("cancel", "done"), ("release_stock", "done")]


@pytest.mark.parametrize(
    ("step", "undone"),
    [
        ("reserve_stock", ["release_stock"]),
        ("quote_shipping", ["release_stock"]),
        ("authorize_payment", ["void_payment", "release_stock"]),
    ],
)
async def test_a_cancel_overtakes_the_call_that_is_under_way(
    market: Market, container: Container, rpc: RecordedRpc, step: str, undone: list[str]
) -> None:
    """The worker's result comes after the cancel: its transition is refused, the step is undone as one of
    unknown outcome.
    """
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slowly(arguments: dict[str, Any]) -> Any:
        begun.set()
        await gate.wait()
        return {}

    rpc.on(step, slowly)
    order = await market.buy()
    async with working(container):
        await begun.wait()
        assert (await market.cancel(order["id"])).status_code == 202
        gate.set()
        cancelled = await ended(market, order["id"], "cancelled")
    assert cancelled["reason"] == "cancelled_by_shopper"
    assert rpc.methods[-len(undone) :] == undone
    assert "capture_payment" not in rpc.methods
    assert await market.pool.fetchval("select payment_token from saga") is None


async def test_a_cancel_before_the_capture_is_committed_fences_the_worker(
    market: Market, container: Container
) -> None:
    """The race at its narrowest: authorized, and about to commit `capturing`."""
    await market.buy()
    store = container.saga_store()
    [saga] = await store.claim(1)
    for _ in range(2):
        _, following = await store.record(saga, Attempt(Done()))
        assert following is not None
        saga = following
    assert saga.state == "authorizing"
    assert (await market.cancel(str(saga.order_id))).status_code == 202
    with pytest.raises(Fenced):
        await store.record(saga, Attempt(Done()))
    assert await market.pool.fetchval("select state from saga") == "voiding"


async def test_a_cancel_after_capturing_was_committed_is_heeded_when_all_is_done(
    market: Market, container: Container, rpc: RecordedRpc
) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def capture(arguments: dict[str, Any]) -> Any:
        begun.set()
        await gate.wait()
        return {}

    rpc.on("capture_payment", capture)
    order = await market.buy()
    async with working(container):
        await begun.wait()
        answer = await market.cancel(order["id"])
        assert (answer.status_code, answer.json()["saga"]["state"]) == (202, "capturing")
        gate.set()
        refunded = await ended(market, order["id"], "refunded")
    assert refunded["reason"] == "cancelled_by_shopper"
    assert rpc.methods[3:] == [
        "capture_payment", "commit_stock", "book_parcels", "withdraw_parcels", "restock", "refund_payment",
    ]  # fmt: skip
    assert rpc.methods.count("capture_payment") == 1
    assert await events(market) == [("placed", 1), ("confirmed", 2), ("refunding", 3), ("refunded", 4)]


async def test_a_capture_that_is_refused_after_the_wish_is_simply_cancelled(
    market: Market, container: Container, rpc: RecordedRpc
) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def capture(arguments: dict[str, Any]) -> Any:
        begun.set()
        await gate.wait()
        return refusal("PaymentDeclined", reason="limit")

    rpc.on("capture_payment", capture)
    order = await market.buy()
    async with working(container):
        await begun.wait()
        await market.cancel(order["id"])
        gate.set()
        await ended(market, order["id"], "cancelled")
    assert rpc.methods[-2:] == ["void_payment", "release_stock"]
    assert "refund_payment" not in rpc.methods


async def test_a_bought_order_is_refunded(market: Market, container: Container, rpc: RecordedRpc) -> None:
    order = await bought(market, container)
    answer = await market.cancel(order["id"])
    assert (answer.status_code, answer.json()["status"]) == (202, "refunding")
    async with working(container):
        refunded = await ended(market, order["id"], "refunded")
    assert rpc.methods[6:] == ["withdraw_parcels", "restock", "refund_payment"]
    assert (refunded["version"], refunded["reason"]) == (4, "cancelled_by_shopper")


@pytest.mark.parametrize("moves", [["in_transit"], ["in_transit", "delivered"]])
async def test_too_late_when_a_parcel_left(
    market: Market, container: Container, rpc: RecordedRpc, moves: list[str]
) -> None:
    order = await bought(market, container)
    for version, status in enumerate(moves, start=2):
        await parcel_moves(container, order, status, version)
    before = rpc.methods.copy()
    answer = await market.cancel(order["id"])
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/conflict")
    assert rpc.methods == before
    assert await market.pool.fetchval("select cancel_asked from saga") is False


@pytest.mark.parametrize(("heard", "status"), [(False, "confirmed"), (True, "shipped")])
async def test_a_parcel_that_leaves_in_the_race_refuses_the_refund(
    market: Market, container: Container, rpc: RecordedRpc, heard: bool, status: str
) -> None:
    """The order goes back to what its parcels say, with a reason; no money moves."""
    order = await bought(market, container)
    rpc.on("withdraw_parcels", refusal("ParcelLeft", parcel_ids=[order["parcels"][0]["parcel_id"]]))
    assert (await market.cancel(order["id"])).status_code == 202
    if heard:
        await parcel_moves(container, order, "in_transit", 2)
        assert (await market.order(order["id"]))["status"] == "refunding", "the saga decides, not the parcel"
    async with working(container):
        back = await ended(market, order["id"], status)
    assert back["reason"] == "parcel_left"
    assert back["saga"]["state"] == "completed"
    assert not {"restock", "refund_payment"} & set(rpc.methods)
    if not heard:
        await parcel_moves(container, back, "in_transit", 2)
        assert (await market.order(order["id"]))["status"] == "shipped"


async def test_cancelling_twice_is_one_refund(market: Market, container: Container, rpc: RecordedRpc) -> None:
    order = await bought(market, container)
    answers = await asyncio.gather(*(market.cancel(order["id"]) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    async with working(container):
        await ended(market, order["id"], "refunded")
    assert rpc.methods.count("refund_payment") == 1
    assert await events(market) == [("placed", 1), ("confirmed", 2), ("refunding", 3), ("refunded", 4)]
    assert (await market.cancel(order["id"])).status_code == 409


async def test_a_cancelled_order_cannot_be_cancelled(
    market: Market, container: Container, rpc: RecordedRpc
) -> None:
    rpc.on("reserve_stock", refusal("OutOfStock"))
    order = await market.buy()
    async with working(container):
        await ended(market, order["id"], "cancelled")
    assert (await market.cancel(order["id"])).status_code == 409


async def test_anothers_order_is_not_found(market: Market) -> None:
    order = await market.buy()
    answer = await market.cancel(order["id"], subject=str(uuid4()))
    assert answer.status_code == 404
    assert await market.pool.fetchval("select state from saga") == "reserving"


async def test_twenty_cancels_race_the_worker(market: Market, container: Container, rpc: RecordedRpc) -> None:
    """Wherever each cancel falls, the ends are two: cancelled with nothing captured, or captured and
    refunded.
    """
    orders = [await market.buy() for _ in range(20)]
    async with working(container):
        answers = await asyncio.gather(*(market.cancel(order["id"]) for order in orders))
        assert {answer.status_code for answer in answers} == {202}
        for order in orders:
            await in_state(market, order["id"], await _end_of(market, order["id"]))
    for order in orders:
        asked = [method for method, arguments in rpc.calls if arguments["order_id"] == order["id"]]
        status = (await market.order(order["id"]))["status"]
        assert status in {"cancelled", "refunded"}
        assert ("capture_payment" in asked) == ("refund_payment" in asked) == (status == "refunded")


async def _end_of(market: Market, order_id: str) -> str:
    async def over() -> str | None:
        state: str = (await market.order(order_id))["saga"]["state"]
        return state if state in {"cancelled", "refunded"} else None

    return str(await aeventually(over, within=30))

"""The saga on a real database: each decision of consistency.md's "The saga of an order"."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dependency_injector import providers
from orders.container import Container
from orders.domain.saga import Done
from orders.domain.steps import State
from orders.metrics import OPEN, STUCK
from orders.rpc.errors import RemoteError, RpcTimeout, RpcUnavailable, UnknownService
from orders.saga.calls import Claimed
from orders.saga.store import Attempt, Fenced, SagaStore

from bazaar_shared.management import Health
from bazaar_shared.testing import aeventually
from tests.component.conftest import OTHER_SELLER, SELLER, Market, RecordedRpc

BOUGHT = [
    "reserve_stock", "quote_shipping", "authorize_payment", "capture_payment", "commit_stock", "book_parcels",
]  # fmt: skip


def refusal(name: str, **payload: Any) -> RemoteError:
    return RemoteError.of({"exc_type": name, "exc_args": [payload], "value": str(payload)})


@asynccontextmanager
async def working(container: Container) -> AsyncIterator[None]:
    """A worker beside the test."""
    stop = asyncio.Event()
    worker = asyncio.create_task(container.saga_worker().run(stop, Health("database")))
    try:
        yield
    finally:
        stop.set()
        await worker


async def ended(market: Market, order_id: str, status: str) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        order = await market.order(order_id)
        assert (order["status"], order["saga"]["step"]) == (status, None)
        return order

    order = await aeventually(there, within=20)
    assert order is not None
    return order


async def in_state(market: Market, order_id: str, state: str) -> None:
    async def there() -> bool:
        return (await market.order(order_id))["saga"]["state"] == state

    await aeventually(there, within=20)


async def events(market: Market) -> list[tuple[str, int]]:
    rows = await market.pool.fetch(
        "select envelope->>'type' as type, (envelope->>'aggregateversion')::int as version"
        " from outbox order by id"
    )
    return [(row["type"].split(".")[3], row["version"]) for row in rows]


async def journal(market: Market, order_id: str) -> list[tuple[str, str]]:
    items = (await market.get(f"/api/orders/{order_id}/journal")).json()["items"]
    return [(item["step"], item["outcome"]) for item in items]


async def test_a_bought_order_goes_through_every_step(
    market: Market, container: Container, rpc: RecordedRpc
) -> None:
    tea, map_ = await market.sell(250), await market.sell(1999, seller=OTHER_SELLER)
    order = (await market.post(market.body([(tea, 3), (map_, 1)], 2749))).json()
    async with working(container):
        bought = await ended(market, order["id"], "confirmed")
    goods = [
        {"product_id": str(tea), "seller_id": str(SELLER), "quantity": 3},
        {"product_id": str(map_), "seller_id": str(OTHER_SELLER), "quantity": 1},
    ]
    parcels = {"address": order["delivery_address"], "lines": goods}
    assert rpc.calls == [
        ("reserve_stock", {
            "service": "inventory", "order_id": order["id"],
            "lines": [{"product_id": str(tea), "quantity": 3}, {"product_id": str(map_), "quantity": 1}],
        }),
        ("quote_shipping", {"service": "shipping", "order_id": order["id"], **parcels}),
        ("authorize_payment", {
            "service": "payments", "order_id": order["id"],
            "amount_minor": 2749, "currency": "EUR", "payment_token": "tok_approve",
        }),
        ("capture_payment", {"service": "payments", "order_id": order["id"]}),
        ("commit_stock", {"service": "inventory", "order_id": order["id"]}),
        ("book_parcels", {"service": "shipping", "order_id": order["id"], **parcels}),
    ]  # fmt: skip
    assert bought["version"] == 2
    assert sorted(parcel["seller_id"] for parcel in bought["parcels"]) == [str(SELLER), str(OTHER_SELLER)]
    assert await events(market) == [("placed", 1), ("confirmed", 2)]
    assert await journal(market, order["id"]) == [(step, "done") for step in BOUGHT]


async def test_the_payment_token_is_forgotten(market: Market, container: Container) -> None:
    order = await market.buy()
    async with working(container):
        await ended(market, order["id"], "confirmed")
    assert await market.pool.fetchval("select payment_token from saga") is None


async def test_a_committed_state_goes_before_each_call(
    market: Market, container: Container, rpc: RecordedRpc
) -> None:
    """Above all `capturing`: seen from another connection at the moment the call is made."""
    order = await market.buy()
    seen: dict[str, str] = {}

    def watch(step: str) -> Any:
        async def answer(arguments: dict[str, Any]) -> Any:
            seen[step] = await market.pool.fetchval("select state from saga")
            return {"parcels": []} if step == "book_parcels" else {}

        return answer

    for step in BOUGHT:
        rpc.on(step, watch(step))
    async with working(container):
        await ended(market, order["id"], "confirmed")
    assert seen == {
        "reserve_stock": "reserving",
        "quote_shipping": "quoting",
        "authorize_payment": "authorizing",
        "capture_payment": "capturing",
        "commit_stock": "committing",
        "book_parcels": "booking",
    }


REFUSALS = [
    ("reserve_stock", "OutOfStock", ["release_stock"], "out_of_stock"),
    ("reserve_stock", "UnknownProduct", ["release_stock"], "product_unknown"),
    ("quote_shipping", "AddressRejected", ["release_stock"], "address_rejected"),
    ("authorize_payment", "PaymentDeclined", ["void_payment", "release_stock"], "payment_declined"),
    ("capture_payment", "PaymentDeclined", ["void_payment", "release_stock"], "payment_declined"),
]


@pytest.mark.parametrize(("step", "error", "undone", "reason"), REFUSALS)
async def test_a_refusal_is_compensated_in_reverse(
    market: Market,
    container: Container,
    rpc: RecordedRpc,
    step: str,
    error: str,
    undone: list[str],
    reason: str,
) -> None:
    rpc.on(step, refusal(error, reason="no"))
    order = await market.buy()
    async with working(container):
        cancelled = await ended(market, order["id"], "cancelled")
    assert rpc.methods == [*BOUGHT[: BOUGHT.index(step) + 1], *undone]
    assert cancelled["reason"] == reason
    assert await events(market) == [("placed", 1), ("cancelled", 2)]
    assert (step, "refused") in await journal(market, order["id"])


UNKNOWNS = [
    RpcTimeout("no answer"),
    RpcUnavailable("the connection broke"),
    UnknownService("nobody there"),
    refusal("OutcomeUnknown", step="capture_payment"),
    refusal("DeadlineExceeded"),
    refusal("OperationalError"),
]


@pytest.mark.parametrize("unknown", UNKNOWNS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("step", ["reserve_stock", "capture_payment", "book_parcels"])
async def test_an_unknown_outcome_is_asked_again_with_the_same_call(
    market: Market, container: Container, rpc: RecordedRpc, step: str, unknown: Exception
) -> None:
    booked = {"parcels": []} if step == "book_parcels" else {}
    rpc.on(step, unknown, unknown, booked)
    order = await market.buy()
    async with working(container):
        await ended(market, order["id"], "confirmed")
    asked = [arguments for method, arguments in rpc.calls if method == step]
    assert len(asked) == 3
    assert asked[0] == asked[1] == asked[2]
    assert not {"void_payment", "release_stock", "refund_payment"} & set(rpc.methods)
    outcomes = [outcome for name, outcome in await journal(market, order["id"]) if name == step]
    assert outcomes == ["unknown", "unknown", "done"]


async def test_the_deadline_ends_a_step_before_the_capture(
    market: Market, container: Container, rpc: RecordedRpc
) -> None:
    """Its outcome is unknown, so it is undone as well."""
    rpc.on("authorize_payment", RpcTimeout("no answer"))
    order = await market.buy()
    async with working(container):
        await aeventually(lambda: "authorize_payment" in rpc.methods)
        await market.pool.execute("update saga set deadline = now() - interval '1 second'")
        cancelled = await ended(market, order["id"], "cancelled")
    assert cancelled["reason"] == "deadline_exceeded"
    assert rpc.methods[-2:] == ["void_payment", "release_stock"]
    assert "capture_payment" not in rpc.methods
    assert ("authorize_payment", "expired") in await journal(market, order["id"])


@pytest.mark.parametrize("step", ["capture_payment", "commit_stock", "book_parcels"])
async def test_no_deadline_ends_what_comes_after(
    market: Market, container: Container, rpc: RecordedRpc, step: str
) -> None:
    rpc.on(step, *[RpcTimeout("no answer")] * 3, {"parcels": []})
    order = await market.buy()
    async with working(container):
        await aeventually(lambda: step in rpc.methods)
        await market.pool.execute("update saga set deadline = now() - interval '1 hour'")
        await ended(market, order["id"], "confirmed")
    assert rpc.methods.count(step) == 4
    assert not {"void_payment", "release_stock"} & set(rpc.methods)


@pytest.mark.parametrize("step", ["void_payment", "release_stock"])
async def test_cancelled_only_when_every_compensation_was_confirmed(
    market: Market, container: Container, rpc: RecordedRpc, step: str
) -> None:
    """However late, and whatever the participant says instead."""
    rpc.on("authorize_payment", refusal("PaymentDeclined"))
    rpc.on(step, RpcTimeout("no answer"), refusal("InvalidRequest"), RpcUnavailable("gone"), {})
    order = await market.buy()
    await market.pool.execute("update saga set deadline = now() + interval '1 second'")
    statuses: set[str] = set()
    async with working(container):

        async def confirmed() -> bool:
            statuses.add((await market.order(order["id"]))["status"])
            return rpc.methods.count(step) == 4

        await aeventually(confirmed, within=20)
        await ended(market, order["id"], "cancelled")
    assert "cancelled" not in statuses or rpc.methods.count(step) == 4
    assert statuses <= {"pending", "cancelled"}


async def test_refusals_after_the_capture_are_no_answer(
    market: Market, container: Container, rpc: RecordedRpc
) -> None:
    rpc.on("commit_stock", refusal("OutOfStock"), refusal("StepWithdrawn"), {})
    order = await market.buy()
    async with working(container):
        await ended(market, order["id"], "confirmed")
    assert rpc.methods.count("commit_stock") == 3
    assert rpc.methods[-1] == "book_parcels"


async def claim_one(store: SagaStore) -> Claimed:
    [claimed] = await store.claim(10)
    return claimed


async def test_a_paused_workers_late_transition_is_refused(market: Market, container: Container) -> None:
    await market.buy()
    store = container.saga_store()
    paused = await claim_one(store)
    assert await store.claim(10) == [], "the lease holds"
    await market.pool.execute("update saga set due_at = now()")  # the lease ends
    other = await claim_one(store)
    assert (paused.epoch, other.epoch) == (1, 2)
    with pytest.raises(Fenced):
        await store.record(paused, Attempt(Done()))
    assert await market.pool.fetchval("select state from saga") == "reserving"
    state, following = await store.record(other, Attempt(Done()))
    assert state is State.QUOTING
    with pytest.raises(Fenced):
        await store.record(paused, Attempt(Done()))
    with pytest.raises(Fenced):
        await store.record(other, Attempt(Done()))  # the same worker, twice
    assert following is not None
    assert await market.pool.fetchval("select state from saga") == "quoting"


async def test_an_attempt_whose_worker_died_stands_in_the_journal(
    market: Market, container: Container
) -> None:
    order = await market.buy()
    store = container.saga_store()
    await claim_one(store)
    assert await journal(market, order["id"]) == [("reserve_stock", None)]
    await market.pool.execute("update saga set due_at = now()")
    second = await claim_one(store)
    assert await journal(market, order["id"]) == [("reserve_stock", "lost"), ("reserve_stock", None)]
    assert second.attempts == 2


async def test_two_workers_run_a_saga_once(market: Market, container: Container, rpc: RecordedRpc) -> None:
    orders = [await market.buy() for _ in range(12)]
    second = Container(settings=container.settings())
    second.rpc.override(providers.Object(rpc))
    async with working(container), working(second):
        for order in orders:
            await ended(market, order["id"], "confirmed")
    await second.engine().dispose()
    assert sorted(rpc.methods) == sorted(BOUGHT * 12)
    assert await market.pool.fetchval("select count(*) from outbox") == 24


async def test_concurrency_is_bounded(market: Market, container: Container, rpc: RecordedRpc) -> None:
    inside, most, gate = 0, 0, asyncio.Event()

    async def reserve(arguments: dict[str, Any]) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await gate.wait()
        inside -= 1
        return {}

    rpc.on("reserve_stock", reserve)
    for _ in range(25):
        await market.buy()
    async with working(container):
        await aeventually(lambda: inside == 16)
        gate.set()
        await aeventually(lambda: rpc.methods.count("book_parcels") == 25, within=30)
    assert most == 16


async def test_a_stopping_worker_gives_its_sagas_back(
    market: Market, container: Container, rpc: RecordedRpc
) -> None:
    gate, begun = asyncio.Event(), asyncio.Event()

    async def reserve(arguments: dict[str, Any]) -> Any:
        begun.set()
        await gate.wait()
        return {}

    rpc.on("reserve_stock", reserve)
    order = await market.buy()
    stop = asyncio.Event()
    worker = asyncio.create_task(container.saga_worker().run(stop, Health("database")))
    await begun.wait()
    stop.set()
    gate.set()
    await worker
    row = await market.pool.fetchrow("select state, due_at <= now() as due, attempts from saga")
    assert tuple(row) == ("quoting", True, 0)
    assert await journal(market, order["id"]) == [("reserve_stock", "done")]


async def test_a_new_order_wakes_the_worker(market: Market, container: Container, rpc: RecordedRpc) -> None:
    """By NOTIFY: the poll is set so far off that it can't be what found it."""
    settings = container.settings().model_copy(update={"saga_poll": 3600.0})
    patient = Container(settings=settings)
    patient.rpc.override(providers.Object(rpc))

    async def listening() -> bool:
        listeners = (
            "select count(*) from pg_stat_activity"
            " where query ilike 'listen%saga%' and datname = current_database()"
        )
        return await market.pool.fetchval(listeners) > 0

    async with working(patient):
        await aeventually(listening)
        order = await market.buy()
        await ended(market, order["id"], "confirmed")
    await patient.engine().dispose()


async def test_what_is_stuck_is_measured(market: Market, container: Container) -> None:
    await market.buy()
    await container.saga_store().measure()
    assert (OPEN._value.get(), STUCK._value.get()) == (1, 0)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    await market.pool.execute("update saga set state = 'committing', since = $1", an_hour_ago)
    await container.saga_store().measure()
    assert STUCK._value.get() == pytest.approx(3600, abs=5)

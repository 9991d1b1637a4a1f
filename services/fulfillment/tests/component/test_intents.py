"""Who may ask the processor about an intent, and for how long: leases on a real PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from uuid import UUID, uuid4

import pytest
from fulfillment.errors import OutcomeUnknown
from fulfillment.payments import books
from fulfillment.payments.flow import Flow
from fulfillment.payments.models import Intent, Payment
from fulfillment.payments.processor import Answer, Order, Processor
from fulfillment.steps import Step
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bazaar_shared.testing.processes import free_port

NAME = "payments"
TIMEOUT = 2.0
# a question and a look-up; each may wait for the connection, and then for the answer
LONGEST = timedelta(seconds=4 * TIMEOUT)

type Database = sessionmaker[Session]


class Watched(Processor):
    """Nobody listens where it asks. Before it does, `on_ask` is told for which order."""

    def __init__(self, on_ask: Callable[[UUID], None]) -> None:
        super().__init__(f"http://127.0.0.1:{free_port()}", TIMEOUT)
        self.on_ask = on_ask

    def find_out(self, step: str, order: Order, *, timeout: float | None = None) -> Answer | None:
        self.on_ask(order.order_id)
        return super().find_out(step, order, timeout=timeout)


def flow(database: Database, on_ask: Callable[[UUID], None]) -> Flow:
    return Flow(database, Watched(on_ask), resolve_after=timedelta(0))


def authorized(database: Database) -> UUID:
    with database.begin() as session:
        payment = Payment(order_id=uuid4(), amount_minor=500, currency="EUR", state="authorized", version=1)
        session.add(payment)
        return payment.order_id


def left_open(database: Database) -> UUID:
    """A capture whose worker died: its intent is open, its lease is over."""
    order_id, over = authorized(database), datetime.now(UTC) - timedelta(seconds=1)
    with database.begin() as session:
        session.add(
            Intent(
                order_id=order_id,
                step="capture_payment",
                fingerprint="f",
                attempts=1,
                leased_until=over,
                resolve_after=over,
            )
        )
    return order_id


def leases(database: Database) -> dict[UUID, datetime]:
    with database() as session:
        held = select(Intent).where(Intent.leased_until > datetime.now(UTC))
        return {intent.order_id: intent.leased_until for intent in session.scalars(held)}


def test_the_resolver_leases_one_intent_at_a_time_for_as_long_as_its_questions_take(
    database: Database,
) -> None:
    orders = [left_open(database) for _ in range(3)]
    asked: list[UUID] = []
    free_since = [datetime.now(UTC)]

    def on_ask(order_id: UUID) -> None:
        held = leases(database)
        assert set(held) == {order_id}
        assert held[order_id] > free_since[-1] + LONGEST
        asked.append(order_id)
        free_since.append(datetime.now(UTC))

    assert flow(database, on_ask).resolve() == 3
    assert sorted(asked) == sorted(orders)
    assert leases(database) == {}


def test_a_slow_question_keeps_nobody_from_the_other_intents(database: Database) -> None:
    orders = {left_open(database) for _ in range(3)}
    asking, go_on = Event(), Event()
    first: list[UUID] = []
    others: list[UUID] = []

    def slowly(order_id: UUID) -> None:
        first.append(order_id)
        asking.set()
        assert go_on.wait(timeout=20)

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(flow(database, slowly).resolve)
        try:
            assert asking.wait(timeout=20)
            assert flow(database, others.append).resolve() == 2
        finally:
            go_on.set()
        assert slow.result(timeout=20) == 1
    assert {*first, *others} == orders
    assert len(first) + len(others) == 3


def test_a_callers_lease_outlasts_its_question_and_its_look_up(database: Database) -> None:
    order_id, began = authorized(database), datetime.now(UTC)
    step, seen = Step.asked(order_id, "capture_payment"), list[datetime]()

    def on_ask(order_id: UUID) -> None:
        seen.append(leases(database)[order_id])
        with pytest.raises(OutcomeUnknown):  # somebody else asks at the same time
            capture(lambda _: pytest.fail("two ask at once"))

    def capture(on_ask: Callable[[UUID], None]) -> None:
        flow(database, on_ask).carry_out(step, lambda session: books.prepare_capture(session, order_id))

    with pytest.raises(OutcomeUnknown):
        capture(on_ask)
    assert len(seen) == 1
    assert seen[0] > began + LONGEST
    assert leases(database) == {}

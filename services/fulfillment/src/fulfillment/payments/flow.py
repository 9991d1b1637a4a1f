"""How a step of a payment happens once: intent, question, conclusion; and how a resolver ends what a crash
left open.

    1. a transaction commits the intent (and whatever refuses at once)
    2. the processor is asked, under the idempotency key order_id:step, outside of any transaction
    3. a transaction writes the conclusion, the ledger, the event and the stored reply, and closes the intent

A crash after 1 or 2 leaves an open intent. An answer that did not come is looked up in the processor's
books. What can't
be found out is OutcomeUnknown to the caller, and stays open.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from logging import getLogger
from uuid import UUID

from prometheus_client import Gauge
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.errors import OutcomeUnknown, Refusal
from fulfillment.payments import books
from fulfillment.payments.models import Intent, Payment
from fulfillment.payments.processor import Answer, Order, Processor
from fulfillment.steps import Outcome, Reply, Step, lock_order, recall, record
from fulfillment.storage import Sessions
from fulfillment.validation import invalid

log = getLogger(__name__)

OPEN = Gauge("payments_open_intents", "Steps whose outcome at the processor is not known yet")
OLDEST = Gauge("payments_oldest_open_intent_seconds", "How long the oldest of them has been open")

RESOLVE_IN_A_TICK = 10
LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Flow:
    database: Sessions
    processor: Processor
    resolve_after: timedelta

    def carry_out(
        self,
        step: Step,
        prepare: Callable[[Session], books.Preparation],
        *,
        token: str | None = None,
        timeout: float | None = None,
    ) -> Reply:
        with self.database.begin() as session:
            lock_order(session, step.order_id)
            decided = recall(session, step) or self._intend(session, step, prepare)
        if isinstance(decided, Outcome):
            return decided.give()
        return self._ask_and_conclude(step, decided, token=token, timeout=timeout)

    def resolve(self) -> int:
        """End open intents that nobody works on any more; returns how many were looked at. Safe to run many
        times at once.
        """
        self._measure()
        # one at a time: a lease covers one intent's questions, it would not outlast those of the others
        for looked_at in range(RESOLVE_IN_A_TICK):
            claimed = self._claim()
            if claimed is None:
                return looked_at
            self._resolve_one(*claimed)
        return RESOLVE_IN_A_TICK

    def _resolve_one(self, step: Step, order: Order) -> None:
        about = {"order_id": str(step.order_id), "step": step.name}
        try:
            self._ask_and_conclude(step, order, resolving=True)
            log.info("resolved", extra=about)
        except OutcomeUnknown:
            log.info("still unknown", extra=about)
        except Refusal as refusal:
            log.info("resolved", extra={**about, "outcome": type(refusal).__name__})

    def _measure(self) -> None:
        with self.database.begin() as session:
            count, oldest = session.execute(
                select(func.count(), func.min(Intent.opened_at)).where(Intent.closed_at.is_(None))
            ).one()
        OPEN.set(count)
        OLDEST.set((_now() - oldest).total_seconds() if oldest else 0)

    def _intend(
        self, session: Session, step: Step, prepare: Callable[[Session], books.Preparation]
    ) -> Order | Outcome:
        intent = session.get(Intent, (step.order_id, step.name), with_for_update=True)
        if intent and intent.leased_until > _now():
            raise OutcomeUnknown({"step": step.name})  # another worker is asking at this moment
        if intent and intent.fingerprint != step.fingerprint:
            invalid("order_id", f"{step.name} was already asked for differently")
        preparation = prepare(session)
        if isinstance(preparation, Outcome):
            record(session, step, preparation)
            return preparation
        if intent is None:
            now = _now()
            intent = Intent(
                order_id=step.order_id,
                step=step.name,
                fingerprint=step.fingerprint,
                attempts=0,
                leased_until=now,
                resolve_after=now,
            )
            session.add(intent)
        self._lease(intent)
        return _order(session, step.order_id)

    def _ask_and_conclude(
        self,
        step: Step,
        order: Order,
        *,
        token: str | None = None,
        timeout: float | None = None,
        resolving: bool = False,
    ) -> Reply:
        answer = self.processor.find_out(step.name, order) if resolving else None
        # an authorisation is never sent again without its token, which is not stored: it waits for the
        # caller or a void
        if answer is None and (token is not None or step.name != "authorize_payment"):
            answer = self.processor.ask(step.name, order, token=token, timeout=timeout)
        if answer is None and not resolving:
            answer = self.processor.find_out(step.name, order, timeout=timeout)
        if answer is None:
            self._give_up_lease(step)
            raise OutcomeUnknown({"step": step.name})
        return self._conclude(step, answer).give()

    def _conclude(self, step: Step, answer: Answer) -> Outcome:
        with self.database.begin() as session:
            lock_order(session, step.order_id)
            outcome = recall(session, step)  # a tombstone, or the resolver was faster
            if outcome is None:
                payment = session.get_one(Payment, step.order_id, with_for_update=True)
                outcome = books.conclude(session, payment, step.name, answer)
                record(session, step, outcome)
            session.get_one(Intent, (step.order_id, step.name)).closed_at = _now()
            return outcome

    def _claim(self) -> tuple[Step, Order] | None:
        with self.database.begin() as session:
            now = _now()
            intent = session.scalars(
                select(Intent)
                .where(Intent.closed_at.is_(None), Intent.leased_until < now, Intent.resolve_after < now)
                .order_by(Intent.resolve_after)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if intent is None:
                return None
            self._lease(intent)
            return Step(intent.order_id, intent.step, intent.fingerprint), _order(session, intent.order_id)

    def _lease(self, intent: Intent) -> None:
        """Nobody else asks meanwhile. The lease outlasts a question and a look-up; the pause grows with
        each attempt.
        """
        now = _now()
        intent.attempts += 1
        intent.closed_at = None
        intent.leased_until = now + timedelta(seconds=self.processor.longest + 1)
        pause = min(self.resolve_after * 2 ** min(intent.attempts - 1, 10), LONGEST_PAUSE)
        intent.resolve_after = max(now + pause, intent.leased_until)

    def _give_up_lease(self, step: Step) -> None:
        with self.database.begin() as session:
            intent = session.get_one(Intent, (step.order_id, step.name), with_for_update=True)
            intent.leased_until = _now()


def _order(session: Session, order_id: UUID) -> Order:
    payment = session.get_one(Payment, order_id)
    return Order(order_id, payment.amount_minor, payment.currency)


def _now() -> datetime:
    return datetime.now(UTC)

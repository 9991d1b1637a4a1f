"""One stored reply for each (order, step), given again for ever; and tombstones, which are refusals stored
beforehand.

A caller that timed out does not know whether its step happened. It asks again, and gets what was decided
the first time.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import column, func, select, table
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session
from sqlalchemy.types import Text, Uuid

from fulfillment.errors import InvalidRequest, Refusal, StepWithdrawn, refusal
from fulfillment.storage import Sessions

type Reply = dict[str, Any]

step_reply = table(
    "step_reply",
    column("order_id", Uuid),
    column("step", Text),
    column("fingerprint", Text),
    column("refusal", Text),
    column("reply", JSONB),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step came to: a reply, or a refusal by name with its detail in `reply`."""

    reply: Reply
    refusal: str | None = None

    @classmethod
    def refused(cls, error: Refusal) -> "Outcome":
        return cls(error.detail, type(error).__name__)

    def give(self) -> Reply:
        if self.refusal is not None:
            raise refusal(self.refusal, self.reply)
        return self.reply


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an order as it was asked for. The fingerprint tells a retry from a different request."""

    order_id: UUID
    name: str
    fingerprint: str | None = None

    @classmethod
    def asked(cls, order_id: UUID, name: str, **request: Any) -> "Step":
        canonical = json.dumps(request, sort_keys=True, separators=(",", ":"), default=str)
        return cls(order_id, name, hashlib.sha256(canonical.encode()).hexdigest())


def take_once(database: Sessions, step: Step, work: Callable[[Session], Reply]) -> Reply:
    """Give the stored reply, or do the work and store its reply in the same transaction.

    `work` refuses before it writes. The refusal is raised after the commit: raised inside, it would undo
    itself.
    """
    with database.begin() as session:
        lock_order(session, step.order_id)
        outcome = recall(session, step)
        if outcome is None:
            try:
                outcome = Outcome(work(session))
            except InvalidRequest:
                raise
            except Refusal as error:
                outcome = Outcome.refused(error)
            record(session, step, outcome)
    return outcome.give()


def lock_order(session: Session, order_id: UUID) -> None:
    """An order's steps are taken one after another, also when no row of the order exists yet to be locked."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(order_id), 0))))


def recall(session: Session, step: Step) -> Outcome | None:
    row = session.execute(
        select(step_reply.c.fingerprint, step_reply.c.refusal, step_reply.c.reply).where(
            step_reply.c.order_id == step.order_id, step_reply.c.step == step.name
        )
    ).one_or_none()
    if row is None:
        return None
    # a tombstone has no fingerprint: it refuses whatever is asked
    if step.fingerprint and row.fingerprint and row.fingerprint != step.fingerprint:
        raise InvalidRequest(
            {"field": "order_id", "reason": f"{step.name} was already asked for differently"}
        )
    return Outcome(row.reply, row.refusal)


def record(session: Session, step: Step, outcome: Outcome) -> None:
    session.execute(
        step_reply.insert().values(
            order_id=step.order_id,
            step=step.name,
            fingerprint=step.fingerprint,
            refusal=outcome.refusal,
            reply=outcome.reply,
        )
    )


def withdraw(session: Session, order_id: UUID, steps: Iterable[str]) -> None:
    """Leave tombstones: a step that was not decided yet never will be, however late its message comes."""
    for name in steps:
        session.execute(
            insert(step_reply)
            .values(order_id=order_id, step=name, refusal=StepWithdrawn.__name__, reply={"step": name})
            .on_conflict_do_nothing()
        )

"""Sagas in the database: claimed in a short transaction, moved by compare-and-set on (epoch, state)."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import selectinload

from orders.domain.order import status_by_parcels
from orders.domain.saga import BEFORE_CAPTURE, MUST_END, Expired, Move, Outcome, Refused, advance
from orders.domain.steps import CALLS, ENDED, State
from orders.metrics import FENCED, OPEN, STUCK
from orders.saga.calls import BookedParcel, Claimed, Goods
from orders.storage.changes import change_status, lock_order, lock_saga
from orders.storage.tables import JournalEntry, Order, Parcel, Saga

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0
# more of them lead beyond the longest; of a thousand no float can be made
_DOUBLINGS = 5


class Fenced(Exception):
    """The saga changed hands or state since it was claimed: what this worker found out counts no more."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one call."""

    outcome: Outcome
    detail: Mapping[str, Any] = field(default_factory=dict)
    parcels: tuple[BookedParcel, ...] = ()

    @property
    def word(self) -> str:
        return type(self.outcome).__name__.lower()


def pause(attempts: int) -> timedelta:
    """Before the same call is made again; spread, so that sagas that failed together don't come back
    together.
    """
    longest = min(_FIRST_PAUSE * 2 ** min(attempts - 1, _DOUBLINGS), _LONGEST_PAUSE)
    return timedelta(seconds=longest * random.uniform(0.5, 1))  # noqa: S311 no secret


class SagaStore:
    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], lease: timedelta, clock: Callable[[], datetime]
    ) -> None:
        self._sessions = sessions
        self._lease = lease
        self._clock = clock

    async def claim(self, limit: int) -> list[Claimed]:
        """Those due longest. Their leases begin; what an earlier owner left open is written off as lost."""
        due = (
            select(Saga)
            .where(Saga.due_at <= func.now())
            .order_by(Saga.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
            .execution_options(populate_existing=True)
        )
        async with self._sessions.begin() as session:
            sagas = (await session.scalars(due)).all()
            if not sagas:
                return []
            attempts = [self._take(saga) for saga in sagas]
            ids = [saga.order_id for saga in sagas]
            lost = update(JournalEntry).where(JournalEntry.order_id.in_(ids), JournalEntry.outcome.is_(None))
            await session.execute(lost.values(outcome="lost", finished_at=self._clock()))
            session.add_all(attempts)
            orders = await self._orders(session, ids)
            await session.flush()
            return [
                _claimed(saga, attempt, orders[saga.order_id])
                for saga, attempt in zip(sagas, attempts, strict=True)
            ]

    async def record(self, claimed: Claimed, attempt: Attempt) -> tuple[State, Claimed | None]:
        """Commits what the attempt led to: the new state, and what is to be done next unless the saga has
        ended or is to wait. Raises `Fenced` when it is not this worker's any more.
        """
        async with self._sessions.begin() as session:
            saga = await self._still_mine(session, claimed)
            await self._finish(session, claimed, attempt)
            move = advance(saga.state, attempt.outcome, cancel_asked=saga.cancel_asked, why=saga.why)
            if move.state is saga.state:
                saga.due_at = func.now() + pause(saga.attempts)
                return move.state, None
            await self._apply(session, saga, move, attempt)
            if saga.state in ENDED:
                return move.state, None
            following = self._open(saga)
            session.add(following)
            await session.flush()
            goes_on = replace(claimed, state=move.state, attempts=1, attempt_id=following.id)
            return move.state, replace(goes_on, why=saga.why, payment_token=saga.payment_token)

    async def release(self, claimed: Claimed) -> None:
        """For a worker that stops: the attempt it wrote down was not made, the next worker need not wait for
        the lease's end.
        """
        async with self._sessions.begin() as session:
            saga = await self._still_mine(session, claimed)
            saga.due_at = func.now()
            saga.attempts -= 1
            await session.execute(delete(JournalEntry).where(JournalEntry.id == claimed.attempt_id))

    async def measure(self) -> None:
        must_end = func.min(Saga.since).filter(Saga.state.in_(MUST_END))
        asked = select(func.count(), func.extract("epoch", func.now() - must_end)).where(
            Saga.due_at.is_not(None)
        )
        async with self._sessions() as session:
            count, oldest = (await session.execute(asked)).one()
        OPEN.set(count)
        STUCK.set(oldest or 0)

    async def _still_mine(self, session: AsyncSession, claimed: Claimed) -> Saga:
        mine = Saga.epoch == claimed.epoch, Saga.state == claimed.state
        saga = await lock_saga(session, claimed.order_id, *mine)
        if saga is None:
            FENCED.inc()
            raise Fenced(f"order {claimed.order_id} is not in {claimed.state} under epoch {claimed.epoch}")
        return saga

    async def _apply(self, session: AsyncSession, saga: Saga, move: Move, attempt: Attempt) -> None:
        if attempt.parcels:
            # the order first, as an event of the parcel does: the two can't deadlock
            await lock_order(session, saga.order_id)
            await _keep_parcels(session, saga.order_id, attempt.parcels)
        saga.state, saga.attempts, saga.since = move.state, 1, self._clock()
        saga.why = move.reason or saga.why
        saga.due_at = None if move.state in ENDED else func.now() + self._lease
        if move.state not in BEFORE_CAPTURE:
            saga.payment_token = None
        if move.status is None and not move.status_by_parcels:
            return
        order = await lock_order(session, saga.order_id)
        if order is None:
            raise LookupError(f"saga without an order: {saga.order_id}")
        status = move.status or status_by_parcels({line.seller_id for line in order.lines}, order.parcels)
        await change_status(session, order, status, move.reason)

    def _take(self, saga: Saga) -> JournalEntry:
        saga.epoch += 1
        saga.attempts += 1
        saga.due_at = func.now() + self._lease
        return self._open(saga)

    def _open(self, saga: Saga) -> JournalEntry:
        call = CALLS[saga.state]
        return JournalEntry(
            order_id=saga.order_id,
            step=call.method,
            service=call.service,
            attempt=saga.attempts,
            started_at=self._clock(),
        )

    async def _finish(self, session: AsyncSession, claimed: Claimed, attempt: Attempt) -> None:
        detail = dict(attempt.detail)
        if isinstance(attempt.outcome, Refused | Expired):
            reason = attempt.outcome.reason if isinstance(attempt.outcome, Refused) else "deadline_exceeded"
            # the participant's own word is the more exact one
            detail.setdefault("reason", str(reason))
        mine = update(JournalEntry).where(JournalEntry.id == claimed.attempt_id)
        values = {"outcome": attempt.word, "detail": detail or None, "finished_at": self._clock()}
        await session.execute(mine.values(values))

    @staticmethod
    async def _orders(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Order]:
        asked = select(Order).where(Order.id.in_(ids)).options(selectinload(Order.lines))
        return {order.id: order for order in await session.scalars(asked)}


async def _keep_parcels(session: AsyncSession, order_id: UUID, parcels: Sequence[BookedParcel]) -> None:
    rows = [asdict(parcel) | {"order_id": order_id, "version": 0} for parcel in parcels]
    # an event of the parcel may have come before this reply: it knows better
    await session.execute(insert(Parcel).on_conflict_do_nothing(), rows)


def _claimed(saga: Saga, attempt: JournalEntry, order: Order) -> Claimed:
    return Claimed(
        order_id=saga.order_id,
        epoch=saga.epoch,
        state=saga.state,
        attempts=saga.attempts,
        attempt_id=attempt.id,
        why=saga.why,
        deadline=saga.deadline,
        total_minor=order.total_minor,
        currency=order.currency,
        address=order.delivery_address,
        payment_token=saga.payment_token,
        traceparent=saga.traceparent,
        goods=tuple(Goods(line.product_id, line.seller_id, line.quantity) for line in order.lines),
    )

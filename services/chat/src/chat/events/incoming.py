"""What chat learns: how orders go. Effect and inbox row are one transaction; then those who follow the order
are woken.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bazaar_shared.consumer import PermanentError, Record
from bazaar_shared.envelope import Event
from chat.live.topics import Topic
from chat.live.wakeups import Publisher
from chat.storage.database import Sessions
from chat.storage.tables import Inbox, OrderEvent, TrackedOrder

CONSUMER = "chat"
TOPICS = ("orders.order",)
DEAD_LETTERS = "dead-letter.chat"

# handled so long ago, an event comes again only as a dead letter, and its version is guard enough
REMEMBERED = timedelta(days=30)
_BATCH = 1000

Text = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class OrderData(Struct, frozen=True):
    """Of an event's data, what chat needs; that there is more is its writer's right."""

    order_id: UUID
    shopper_id: UUID
    status: Text
    reason: Text | None


class IncomingEvents:
    """The handler for `run_consumer`; an event that can never be handled is a PermanentError."""

    def __init__(self, sessions: Sessions, publisher: Publisher) -> None:
        self._sessions = sessions
        self._publisher = publisher

    async def handle(self, event: Event, record: Record) -> None:
        if record.topic not in TOPICS:
            raise PermanentError(f"nobody here handles {record.topic}")
        order = _parse(event.data)
        async with self._sessions.begin() as session:
            if not await _first_time(session, event):
                return
            await keep(session, order, event)
        # after the commit: who is woken finds it
        self._publisher.publish(Topic.order(order.order_id).channel)


async def _first_time(session: AsyncSession, event: Event) -> bool:
    row = insert(Inbox).values(consumer=CONSUMER, event_id=event.id).on_conflict_do_nothing()
    return (await session.execute(row.returning(Inbox.event_id))).scalar() is not None


async def keep(session: AsyncSession, order: OrderData, event: Event) -> None:
    """One row a version, whatever the order they come in; the order itself only goes forward."""
    new = insert(TrackedOrder).values(
        order_id=order.order_id, shopper_id=order.shopper_id, version=event.version, status=order.status
    )
    forward = new.on_conflict_do_update(
        index_elements=[TrackedOrder.order_id],
        set_={"version": new.excluded.version, "status": new.excluded.status},
        where=TrackedOrder.version < new.excluded.version,
    )
    await session.execute(forward)
    step = insert(OrderEvent).values(
        order_id=order.order_id,
        version=event.version,
        status=order.status,
        reason=order.reason,
        at=event.time,
    )
    await session.execute(step.on_conflict_do_nothing())


async def forget_handled(sessions: Sessions) -> bool:
    """A batch of what was handled long ago; whether there may be more."""
    async with sessions.begin() as session:
        old = (
            select(Inbox.consumer, Inbox.event_id)
            .where(Inbox.handled_at < func.now() - REMEMBERED)
            .order_by(Inbox.handled_at)
            .limit(_BATCH)
            .cte("old")
        )
        gone = delete(Inbox).where(Inbox.consumer == old.c.consumer, Inbox.event_id == old.c.event_id)
        found = (await session.execute(gone.returning(Inbox.event_id))).all()
    return len(found) == _BATCH


def _parse(data: Mapping[str, Any]) -> OrderData:
    try:
        return msgspec.convert(data, OrderData)
    except msgspec.ValidationError as error:
        raise PermanentError(f"data: {error}") from error

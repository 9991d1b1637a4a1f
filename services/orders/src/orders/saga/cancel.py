"""A shopper's cancel: the same compare-and-set as a worker's transition, and a new epoch, so that a worker
that is in the middle of a call has its result refused.
"""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.domain.order import Reason
from orders.domain.saga import cancel
from orders.domain.steps import ENDED
from orders.storage.changes import change_status, lock_order, lock_saga
from orders.storage.tables import JournalEntry


async def ask_to_cancel(session: AsyncSession, order_id: UUID) -> None:
    """In the caller's transaction. Raises CannotCancel when it is too late. The wish for an order whose
    payment is just being captured is noted: the saga heeds it when all is done.
    """
    saga = await lock_saga(session, order_id)
    order = await lock_order(session, order_id)
    if saga is None or order is None:
        raise LookupError(f"there is no order {order_id}")
    move = cancel(saga.state, order.status)
    if move is None:
        saga.cancel_asked = True
    else:
        saga.state, saga.epoch, saga.attempts = move.state, saga.epoch + 1, 0
        saga.why, saga.since, saga.payment_token = move.reason, datetime.now(UTC), None
        saga.due_at = None if move.state in ENDED else func.now()
        if move.status is not None:
            await change_status(session, order, move.status, move.reason)
    session.add(_entry(order_id))
    await session.flush()
    await session.execute(text("select pg_notify('saga', '')"))


def _entry(order_id: UUID) -> JournalEntry:
    now = datetime.now(UTC)
    return JournalEntry(
        order_id=order_id,
        step="cancel",
        service="orders",
        attempt=1,
        outcome="done",
        detail={"reason": Reason.CANCELLED_BY_SHOPPER},
        started_at=now,
        finished_at=now,
    )

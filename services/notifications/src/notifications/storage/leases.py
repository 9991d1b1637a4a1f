"""Rows that a worker takes up: one at a time, for as long as a lease lasts, and again when nobody came back.

The database is the truth about what is to be done, and RabbitMQ's messages only say "look at this one now":
a message too many finds nothing to take, and a message that was lost is sent again by the scan.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, Table, case, func, or_, select, update

from notifications.domain.intents import State

# a worker that died with this row in its hands so often will do so again
MOST_LOST = 5
# what was enqueued and not taken up for this long may have been lost on its way
_LOST_MESSAGE = timedelta(minutes=10)
# time for the wake-up that follows a row's insert, before the scan sends a second one
_GRACE = timedelta(seconds=5)


def claim(connection: Connection, table: Table, row_id: UUID, lease: timedelta) -> Row[Any] | None:
    """The row, leased from now on; None when it is done, not due yet, or in another worker's hands."""
    lost = table.c.lost + case((table.c.lease.is_not(None), 1), else_=0)
    statement = (
        update(table)
        .where(table.c.id == row_id, table.c.state == State.PENDING, table.c.due_at <= func.now())
        .values(
            lease=uuid4(),
            due_at=func.now() + lease,
            attempts=table.c.attempts + 1,
            lost=lost,
            enqueued_at=None,
        )
        .returning(table)
    )
    return connection.execute(statement).one_or_none()


def finish(connection: Connection, table: Table, row: Row[Any], state: State, reason: str | None) -> bool:
    """False when the lease was over and another worker has the row by now."""
    values = {"state": state, "lease": None, "done_at": func.now(), "last_error": reason and reason[:500]}
    return _held(connection, table, row, values)


def give_back(
    connection: Connection, table: Table, row: Row[Any], pause: timedelta, changes: Mapping[str, Any]
) -> bool:
    """To be taken up again after the pause."""
    return _held(connection, table, row, {"lease": None, "due_at": func.now() + pause, **changes})


def _held(connection: Connection, table: Table, row: Row[Any], values: dict[str, Any]) -> bool:
    held = update(table).where(table.c.id == row.id, table.c.lease == row.lease).values(**values)
    return connection.execute(held).rowcount == 1


def forgotten(connection: Connection, table: Table, limit: int) -> list[Row[Any]]:
    """(id, traceparent) of rows that are due and that no message tells of, marked as enqueued. To be sent
    before the commit: two scans at once take different rows, and one that dies leaves them unmarked.
    """
    due = (
        select(table.c.id)
        .where(
            table.c.state == State.PENDING,
            table.c.due_at <= func.now() - case((table.c.attempts == 0, _GRACE), else_=timedelta()),
            or_(table.c.enqueued_at.is_(None), table.c.enqueued_at < func.now() - _LOST_MESSAGE),
        )
        .order_by(table.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    marked = (
        update(table)
        .where(table.c.id.in_(due))
        .values(enqueued_at=func.now())
        .returning(table.c.id, table.c.traceparent)
    )
    return list(connection.execute(marked))


def revive(connection: Connection, table: Table) -> int:
    """What was given up is pending again, with all its attempts before it."""
    dead = update(table).where(table.c.state == State.DEAD)
    fresh = dead.values(
        state=State.PENDING, due_at=func.now(), attempts=0, lost=0, enqueued_at=None, done_at=None
    )
    return connection.execute(fresh).rowcount

"""The inbox: the effect of an event and the record that it was handled are one transaction.

Rules: call `first_time` inside the transaction that holds the effect; do nothing when it says False; guard
the effect by `event.version` besides, so that a dead letter replayed after newer events does no harm. The
relay's housekeeping forgets what was handled a month ago: for older replays the version is guard enough.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncpg import Connection
    from asyncpg.pool import PoolConnectionProxy

INBOX_DDL = """
create table if not exists inbox (
  consumer text not null,
  event_id text not null,
  handled_at timestamptz not null default now(),
  primary key (consumer, event_id)
);
create index if not exists inbox_handled on inbox (handled_at);
"""

# other drivers run the same statement in their own way
FIRST_TIME_SQL = "insert into inbox (consumer, event_id) values ($1, $2) on conflict do nothing"


async def first_time(connection: "Connection | PoolConnectionProxy", consumer: str, event_id: str) -> bool:
    """True if this consumer has not handled the event yet. Two at once: the second waits for the first's
    commit.
    """
    return bool(await connection.execute(FIRST_TIME_SQL, consumer, event_id) == "INSERT 0 1")

"""What the relay throws away: events sent long ago and, where the database has an inbox, records of what was
handled long ago.

A batch at a time by the index on the age: what waits unsent, however much, is not even looked at. After a
full batch the next one follows at the relay's next turn, so that sending goes on in between.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

_FORGET_SENT = """
delete from outbox where id in (
  select id from outbox where sent_at < now() - $1::interval order by sent_at limit $2
)
"""
_HAS_INBOX = "select to_regclass('inbox') is not null"
_FORGET_HANDLED = """
delete from inbox where (consumer, event_id) in (
  select consumer, event_id from inbox where handled_at < now() - $1::interval order by handled_at limit $2
)
"""
_BATCH = 1000
_EVERY = 60.0


@dataclass(slots=True)
class Housekeeping:
    connection: asyncpg.Connection
    sent_for: timedelta
    handled_for: timedelta
    _due_at: float = 0.0

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._due_at:
            return
        full = await self._delete(_FORGET_SENT, self.sent_for)
        if await self.connection.fetchval(_HAS_INBOX):
            full |= await self._delete(_FORGET_HANDLED, self.handled_for)
        self._due_at = now if full else now + _EVERY

    async def _delete(self, statement: str, age: timedelta) -> bool:
        """Whether there may be more."""
        tag: str = await self.connection.execute(statement, age, _BATCH)
        return int(tag.removeprefix("DELETE ")) == _BATCH

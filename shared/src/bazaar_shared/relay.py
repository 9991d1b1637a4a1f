"""The outbox relay: one for every service, whatever ORM wrote the rows (ADR 0001).

One relay is active for each database: the holder of a session advisory lock. The lock, LISTEN, reading and
marking share one connection, so a relay that lost its lock can read nothing more; standbys try for the lock
at each poll. How rows are chosen and sent: `bazaar_shared.dispatch`; what is thrown away, and when:
`bazaar_shared.housekeeping`. Delivery is at least once: consumers ignore what they handled, and versions
older than they know.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
from prometheus_client import Gauge

from bazaar_shared.dispatch import HELD, Dispatch
from bazaar_shared.housekeeping import Housekeeping
from bazaar_shared.management import Health

logger = logging.getLogger(__name__)

# advisory locks belong to a database, so one constant serves all
RELAY_LOCK = int.from_bytes(b"outbox")

PENDING = Gauge("outbox_pending", "Events not sent yet", ["relay"])
OLDEST = Gauge("outbox_oldest_age_seconds", "Age of the oldest event not sent yet", ["relay"])
ACTIVE = Gauge("outbox_relay_active", "1 for the relay that holds the lock, 0 for a standby", ["relay"])

_BACKLOG = """
select count(*) as pending, coalesce(extract(epoch from now() - (
  select created_at from outbox where sent_at is null order by id limit 1
)), 0)::float8 as oldest from outbox where sent_at is null
"""
_MEASURE_EVERY = 5.0
_FIRST_BACKOFF = 0.1
_LONGEST_BACKOFF = 5.0
_TIMEOUT = 10.0


async def run_relay(
    dsn: str,
    bootstrap_servers: str,
    *,
    name: str,
    stop: asyncio.Event,
    batch: int = 200,
    poll: float = 1.0,
    retention: timedelta = timedelta(days=7),
    inbox_retention: timedelta = timedelta(days=30),
    health: Health | None = None,
) -> None:
    """Until `stop` is set. `health`, made with the names "database" and "kafka", is kept up to date when
    given.
    """
    board = health or Health("database", "kafka")
    relay = _Relay(dsn, bootstrap_servers, name, stop, batch, poll, retention, inbox_retention, board)
    backoff = _FIRST_BACKOFF
    while not stop.is_set():
        board.beat()  # a server that is away does not make the process a stuck one
        try:
            await relay.connect_and_work()
        except Exception as error:  # noqa: BLE001 a lost connection has many faces
            backoff = _FIRST_BACKOFF if relay.worked else min(backoff * 2, _LONGEST_BACKOFF)
            reason = f"{type(error).__name__}: {error}"
            board.set("database", reason)
            extra = {"relay": name, "reason": reason}
            logger.warning("the relay was interrupted, it connects again in %.1f s", backoff, extra=extra)
            await _wait(stop, backoff)


@dataclass(slots=True)
class _Relay:
    dsn: str
    bootstrap_servers: str
    name: str
    stop: asyncio.Event
    batch: int
    poll: float
    retention: timedelta
    inbox_retention: timedelta
    health: Health
    # a whole turn, not only the connection and the lock: who fails right after those waits longer each time
    worked: bool = False

    async def connect_and_work(self) -> None:
        self.worked = False
        try:
            async with self._connection() as connection:
                if await self._becomes_active(connection):
                    await self._work(connection)
        finally:
            ACTIVE.labels(self.name).set(0)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        settings = {
            "application_name": f"relay {self.name}",
            # the server notices within half a minute that our host is gone, and frees the lock
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
        }
        connection = await asyncpg.connect(
            self.dsn, timeout=_TIMEOUT, command_timeout=_TIMEOUT, server_settings=settings
        )
        try:
            yield connection
        finally:
            # frees the lock; without the good-bye that a server in trouble would keep us waiting for
            connection.terminate()

    async def _becomes_active(self, connection: asyncpg.Connection) -> bool:
        """Tries at each poll: a blocked pg_advisory_lock would keep a snapshot open and hold back every
        vacuum.
        """
        while not self.stop.is_set():
            self.health.beat()
            locked = await connection.fetchval("select pg_try_advisory_lock($1)", RELAY_LOCK)
            self.health.set("database", state=True)
            if locked:
                logger.info("the relay is active", extra={"relay": self.name})
                ACTIVE.labels(self.name).set(1)
                return True
            self.health.set("kafka", state=True)  # a standby needs none yet
            for gauge in (PENDING, OLDEST, HELD):
                gauge.labels(self.name).set(0)  # the active one tells
            await _wait(self.stop, self.poll)
            self.worked = True
        return False

    async def _work(self, connection: asyncpg.Connection) -> None:
        async with Dispatch(connection, self.bootstrap_servers, self.name, self.batch, self.poll) as dispatch:
            loop = asyncio.get_running_loop()
            measure_at = loop.time()
            housekeeping = Housekeeping(connection, self.retention, self.inbox_retention)
            while not self.stop.is_set():
                self.health.beat()
                if loop.time() >= measure_at:
                    await self._measure(connection)
                    measure_at = loop.time() + _MEASURE_EVERY
                await housekeeping.turn()
                await dispatch.turn(self.stop)
                self.worked = True
                self.health.set("kafka", await dispatch.kafka())
            await dispatch.finish()

    async def _measure(self, connection: asyncpg.Connection) -> None:
        backlog = await connection.fetchrow(_BACKLOG)
        PENDING.labels(self.name).set(backlog["pending"])
        OLDEST.labels(self.name).set(max(backlog["oldest"], 0))


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return

"""The outbox relay: one for every service, whatever ORM wrote the rows (ADR 0001).

One relay is active for each database: the holder of a session advisory lock. Reading, marking, LISTEN and the lock share one
connection, so a relay that lost its lock can read nothing more; standbys try for the lock at each poll. Rows go in order of
id among those not marked as sent, never "id greater than the last": sequences commit out of order. Within a key one row is
sent after the other was acknowledged, keys go side by side; a row that fails holds back the later ones of its key only.
Delivery is at least once: consumers ignore what they handled, and versions older than they know.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from time import monotonic
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    OutOfOrderSequenceNumber,
    ProducerClosed,
    ProducerFenced,
    UnknownProducerId,
    UnknownTopicOrPartitionError,
)
from prometheus_client import Counter, Gauge

from bazaar_shared.envelope import CONTENT_TYPE
from bazaar_shared.management import Health
from bazaar_shared.outbox import CHANNEL

logger = logging.getLogger(__name__)

# advisory locks belong to a database, so one constant serves all
RELAY_LOCK = int.from_bytes(b"outbox")

PENDING = Gauge("outbox_pending", "Events not sent yet", ["relay"])
OLDEST = Gauge("outbox_oldest_age_seconds", "Age of the oldest event not sent yet", ["relay"])
SENT = Counter("outbox_sent_total", "Events acknowledged by Kafka", ["relay", "topic"])
FAILURES = Counter("outbox_failures_total", "Sends that failed", ["relay", "topic", "reason"])
HELD = Gauge("outbox_held_keys", "Keys held back by a failed send", ["relay"])
ACTIVE = Gauge("outbox_relay_active", "1 for the relay that holds the lock, 0 for a standby", ["relay"])

# hashed by PostgreSQL, so many busy keys cost no more than few; 31 is ASCII's unit separator
_UNSENT = """
select id, topic, key, attempts, envelope::text as envelope, envelope->>'traceparent' as traceparent from outbox
where sent_at is null and topic || chr(31) || key <> all($1::text[]) and topic <> all($2::text[])
order by id limit $3
"""
_MARK_SENT = "update outbox set sent_at = now(), attempts = attempts + 1, last_error = null where id = any($1::bigint[])"
_MARK_FAILED = "update outbox set attempts = attempts + 1, last_error = $2 where id = $1"
_BACKLOG = """
select count(*) as pending, coalesce(extract(epoch from now() - (
  select created_at from outbox where sent_at is null order by id limit 1
)), 0)::float8 as oldest from outbox where sent_at is null
"""
# by the primary key from the oldest on: no index on sent_at is needed, and no long scan when there is nothing to do
_SWEEP = """
delete from outbox where id in (
  select id from (select id, sent_at from outbox order by id limit 1000) as oldest where sent_at < now() - $1::interval
)
"""

_MEASURE_EVERY = 5.0
_SWEEP_EVERY = 60.0
_LONGEST_HOLD = 60.0
_LONGEST_BACKOFF = 5.0
_TIMEOUT = 10.0
_DRAIN = 5.0
_PRODUCER_IS_BROKEN = (
    IllegalStateError,
    OutOfOrderSequenceNumber,
    ProducerClosed,
    ProducerFenced,
    UnknownProducerId,
)
_INTERRUPTIONS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError)

type Lane = tuple[str, str]  # topic and key: what has an order


async def run_relay(
    dsn: str,
    bootstrap_servers: str,
    *,
    name: str,
    stop: asyncio.Event,
    batch: int = 200,
    poll: float = 1.0,
    retention: timedelta = timedelta(days=7),
    health: Health | None = None,
) -> None:
    """Until `stop` is set. `health` (with the names "database" and "kafka") is kept up to date when given."""
    relay = _Relay(
        dsn, bootstrap_servers, name, stop, batch, poll, retention, health or Health("database", "kafka")
    )
    backoff = 0.1
    while not stop.is_set():
        try:
            await relay.connect_and_work()
            backoff = 0.1
        except _INTERRUPTIONS as error:
            reason = f"{type(error).__name__}: {error}"
            logger.warning("the relay was interrupted", extra={"relay": name, "reason": reason})
            backoff = 0.1 if relay.was_active else min(backoff * 2, _LONGEST_BACKOFF)
            await _wait(stop, backoff)


@dataclass(slots=True)
class _Outcome:
    lane: Lane
    sent: list[int] = field(default_factory=list)
    failed: asyncpg.Record | None = None
    error: Exception | None = None


class _Relay:
    def __init__(
        self,
        dsn: str,
        bootstrap_servers: str,
        name: str,
        stop: asyncio.Event,
        batch: int,
        poll: float,
        retention: timedelta,
        health: Health,
    ) -> None:
        self._dsn = dsn
        self._bootstrap_servers = bootstrap_servers
        self._name = name
        self._stop = stop
        self._batch = batch
        self._poll = poll
        self._retention = retention
        self._health = health
        self.was_active = False

    async def connect_and_work(self) -> None:
        self.was_active = False
        ACTIVE.labels(self._name).set(0)
        try:
            connection = await asyncpg.connect(
                self._dsn,
                timeout=_TIMEOUT,
                command_timeout=_TIMEOUT,
                # the server notices within half a minute that our host is gone, and frees the lock
                server_settings={
                    "application_name": f"relay {self._name}",
                    "tcp_keepalives_idle": "10",
                    "tcp_keepalives_interval": "5",
                    "tcp_keepalives_count": "3",
                },
            )
        except _INTERRUPTIONS as error:
            self._health.set("database", f"{type(error).__name__}: {error}")
            raise
        try:
            if await self._become_active(connection):
                await self._work(connection)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self._health.set("database", f"{type(error).__name__}: {error}")
            raise
        finally:
            ACTIVE.labels(self._name).set(0)
            connection.terminate()  # at once, also when the server hangs; it frees the lock

    async def _become_active(self, connection: asyncpg.Connection) -> bool:
        """Tries at each poll. A blocked pg_advisory_lock would keep a snapshot open and hold back every vacuum."""
        while not self._stop.is_set():
            self._health.beat()
            if await connection.fetchval("select pg_try_advisory_lock($1)", RELAY_LOCK):
                logger.info("the relay is active", extra={"relay": self._name})
                ACTIVE.labels(self._name).set(1)
                self.was_active = True
                return True
            self._health.set("database", state=True)
            self._health.set("kafka", state=True)  # a standby needs none yet
            for gauge in (PENDING, OLDEST, HELD):
                gauge.labels(self._name).set(0)  # the active one tells
            await _wait(self._stop, self._poll)
        return False

    async def _work(self, connection: asyncpg.Connection) -> None:
        await _measure(connection, self._name)  # also while Kafka is away
        self._health.set("database", state=True)
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            client_id=f"relay-{self._name}",
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=int(_TIMEOUT * 1000),
        )
        shift = _Shift(connection, producer, self._name, self._batch, self._poll)
        try:
            await producer.start()
            self._health.set("kafka", state=True)
            await shift.listen()
            while not self._stop.is_set():
                self._health.beat()
                await shift.turn(self._stop, self._retention)
                self._health.set("kafka", state=shift.kafka)
            await shift.finish()
        except KafkaError as error:
            self._health.set("kafka", f"{type(error).__name__}: {error}")
            raise
        finally:
            await shift.abandon()
            await _close(producer)


class _Shift:
    """The time of one relay between getting the lock and losing it, on one connection and one producer."""

    def __init__(
        self, connection: asyncpg.Connection, producer: AIOKafkaProducer, name: str, batch: int, poll: float
    ) -> None:
        self._connection = connection
        self._producer = producer
        self._name = name
        self._batch = batch
        self._poll = poll
        self._wake = asyncio.Event()
        self._busy: dict[Lane, asyncio.Task[_Outcome]] = {}
        self._in_flight = 0
        self._held: dict[Lane, float] = {}
        self._held_topics: dict[str, float] = {}
        self._measure_at = self._sweep_at = 0.0
        self.kafka: bool | str = True

    async def listen(self) -> None:
        self._connection.add_termination_listener(lambda _: self._wake.set())
        await self._connection.add_listener(CHANNEL, lambda *_: self._wake.set())

    async def turn(self, stop: asyncio.Event, retention: timedelta) -> None:
        """Reads what is new, sends it, records what became of it."""
        self._wake.clear()
        await self._tend(retention)
        for lane, rows in _lanes(await self._read()):
            self._in_flight += len(rows)
            self._busy[lane] = asyncio.create_task(self._send(lane, rows))
        await self._pause(stop)
        await self._record([task for task in self._busy.values() if task.done()])

    async def _read(self) -> list[asyncpg.Record]:
        """The fence: it runs on the lock's connection, which ends with the lock."""
        now = monotonic()
        self._held = {lane: until for lane, until in self._held.items() if until > now}
        self._held_topics = {topic: until for topic, until in self._held_topics.items() if until > now}
        HELD.labels(self._name).set(len(self._held))
        room = self._batch - self._in_flight
        if room <= 0:
            return []
        left_out = [chr(31).join(lane) for lane in (*self._busy, *self._held)]
        rows: list[asyncpg.Record] = await self._connection.fetch(
            _UNSENT, left_out, [*self._held_topics], room
        )
        return rows

    async def _send(self, lane: Lane, rows: list[asyncpg.Record]) -> _Outcome:
        """One row after the other's acknowledgement: a retry can't bring a key's events out of order."""
        outcome = _Outcome(lane)
        for row in rows:
            if self._connection.is_closed():
                break  # the lock is lost: another relay may be sending these by now
            try:
                await self._producer.send_and_wait(
                    row["topic"], row["envelope"].encode(), key=row["key"].encode(), headers=_headers(row)
                )
            except Exception as error:  # noqa: BLE001 a row that can't be sent must not end the relay
                outcome.failed, outcome.error = row, error
                break
            outcome.sent.append(row["id"])
        self._in_flight -= len(rows)
        return outcome

    async def _pause(self, stop: asyncio.Event) -> None:
        """Until a key is done, a notification came, the connection was lost, it is time to poll, or to stop."""
        signals = [asyncio.create_task(event.wait()) for event in (self._wake, stop)]
        try:
            await asyncio.wait(
                [*signals, *self._busy.values()], timeout=self._poll, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for signal in signals:
                signal.cancel()

    async def _record(self, tasks: Iterable["asyncio.Task[_Outcome]"]) -> None:
        """Marks first, then frees the keys: a row is never read again while its mark is under way."""
        outcomes = [task.result() for task in tasks]
        sent = [row_id for outcome in outcomes for row_id in outcome.sent]
        if sent:
            await self._connection.execute(_MARK_SENT, sent)
            self.kafka = True
        for outcome in outcomes:
            SENT.labels(self._name, outcome.lane[0]).inc(len(outcome.sent))
            if outcome.failed is not None:
                await self._hold_back(outcome)
            del self._busy[outcome.lane]
        for outcome in outcomes:
            if isinstance(outcome.error, _PRODUCER_IS_BROKEN) or type(outcome.error) is KafkaError:
                raise outcome.error

    async def _hold_back(self, outcome: _Outcome) -> None:
        row, error = outcome.failed, outcome.error
        reason = f"{type(error).__name__}: {error}"[:500]
        await self._connection.execute(_MARK_FAILED, row["id"], reason)
        topic, key = outcome.lane
        FAILURES.labels(self._name, topic, type(error).__name__).inc()
        extra = {"relay": self._name, "topic": topic, "key": key, "outbox_id": row["id"], "reason": reason}
        logger.warning("an event could not be sent and holds back its key", extra=extra)
        if isinstance(error, UnknownTopicOrPartitionError):
            # each of its keys would wait as long for the metadata, and fill the room of the other topics
            self._held_topics[topic] = monotonic() + self._poll
        elif getattr(error, "retriable", False):
            self.kafka = reason
            self._held[outcome.lane] = monotonic() + self._poll
        else:
            self._held[outcome.lane] = monotonic() + min(self._poll * 2 ** row["attempts"], _LONGEST_HOLD)

    async def _tend(self, retention: timedelta) -> None:
        now = monotonic()
        if now >= self._measure_at:
            await _measure(self._connection, self._name)
            self._measure_at = now + _MEASURE_EVERY
        if now >= self._sweep_at:
            await self._connection.execute(_SWEEP, retention)
            self._sweep_at = now + _SWEEP_EVERY

    async def finish(self) -> None:
        """What is under way is waited for, for a short time; the rest is sent by the next relay."""
        if self._busy:
            done, _ = await asyncio.wait(self._busy.values(), timeout=_DRAIN)
            await self._record(done)

    async def abandon(self) -> None:
        for task in self._busy.values():
            task.cancel()
        await asyncio.gather(*self._busy.values(), return_exceptions=True)


def _lanes(rows: list[asyncpg.Record]) -> list[tuple[Lane, list[asyncpg.Record]]]:
    def lane(row: asyncpg.Record) -> Lane:
        return row["topic"], row["key"]

    # the sort is stable: within a lane the order of id stays
    return [(key, list(group)) for key, group in groupby(sorted(rows, key=lane), key=lane)]


def _headers(row: asyncpg.Record) -> list[tuple[str, bytes]]:
    headers = [("content-type", CONTENT_TYPE.encode())]
    if row["traceparent"]:
        headers.append(("traceparent", row["traceparent"].encode()))
    return headers


async def _measure(connection: asyncpg.Connection, name: str) -> None:
    backlog = await connection.fetchrow(_BACKLOG)
    PENDING.labels(name).set(backlog["pending"])
    OLDEST.labels(name).set(max(backlog["oldest"], 0))


async def _close(producer: AIOKafkaProducer) -> None:
    """Without the flush of `stop()`: it would send what another relay may be sending by now, and wait for ever for a broker
    that is away.
    """
    sender: Any = producer._sender
    if sender.sender_task is not None:
        sender.sender_task.cancel()
        await asyncio.wait([sender.sender_task], timeout=2)
    producer._closed = True
    await producer.client.close()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return

"""The relay's work while it holds the lock: rows out of the outbox, into Kafka, marked.

Rows go in order of id among those not marked as sent, never "id greater than the last": sequences commit out
of order. Within a lane (topic and key) a row is sent after the one before was acknowledged; lanes go side by
side. A row that fails holds back the later ones of its lane only, for a time that grows with its attempts.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from time import monotonic
from typing import Any, Self

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
from bazaar_shared.outbox import CHANNEL

logger = logging.getLogger(__name__)

SENT = Counter("outbox_sent_total", "Events acknowledged by Kafka", ["relay", "topic"])
FAILURES = Counter("outbox_failures_total", "Sends that failed", ["relay", "topic", "reason"])
HELD = Gauge("outbox_held_keys", "Keys held back by a send that failed", ["relay"])

# `<> all` is hashed by PostgreSQL: many busy lanes cost no more than few. 31 is ASCII's unit separator
_UNSENT = """
select id, topic, key, attempts, envelope::text as envelope, envelope->>'traceparent' as traceparent
from outbox
where sent_at is null and topic || chr(31) || key <> all($1::text[]) and topic <> all($2::text[])
order by id limit $3
"""
_MARK_SENT = """
update outbox set sent_at = now(), attempts = attempts + 1, last_error = null where id = any($1::bigint[])
"""
_MARK_FAILED = "update outbox set attempts = attempts + 1, last_error = $2 where id = $1"

_LONGEST_HOLD = 60.0
_ASK_EVERY = 5.0
_DRAIN = 5.0
# what comes within this time after an event leaves together: half the CPU an event under a steady load
_GATHER = 0.02
_TIMEOUT = 10.0
# the producer is of no use any more; the row it happened to is not to blame
_PRODUCER_ERRORS = (
    IllegalStateError, OutOfOrderSequenceNumber, ProducerClosed, ProducerFenced, UnknownProducerId
)  # fmt: skip

type Lane = tuple[str, str]


@dataclass(slots=True)
class _Outcome:
    lane: Lane
    sent: list[int] = field(default_factory=list)
    failed: asyncpg.Record | None = None
    error: Exception | None = None


class Dispatch:
    def __init__(
        self, connection: asyncpg.Connection, bootstrap_servers: str, relay: str, batch: int, poll: float
    ) -> None:
        self._connection = connection
        self._bootstrap_servers = bootstrap_servers
        self._relay = relay
        self._batch = batch
        self._poll = poll
        self._wake = asyncio.Event()
        self._busy: dict[Lane, asyncio.Task[_Outcome]] = {}
        self._in_flight = 0
        self._suspects: set[int] = set()
        self._alone = asyncio.Lock()
        self._held: dict[Lane, float] = {}
        self._held_topics: dict[str, float] = {}
        self._producer: AIOKafkaProducer | None = None
        self._producer_is_spent = True
        self._kafka: bool | str = "not connected yet"
        self._ask_at = self._renew_at = 0.0

    async def __aenter__(self) -> Self:
        self._connection.add_termination_listener(lambda _: self._wake.set())
        await self._connection.add_listener(CHANNEL, lambda *_: self._wake.set())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._busy.values():
            task.cancel()
        await asyncio.gather(*self._busy.values(), return_exceptions=True)
        if self._producer is not None:
            await _close(self._producer)

    async def turn(self, stop: asyncio.Event) -> None:
        """Reads what is new, sends it, waits for something to happen, records what became of it."""
        self._wake.clear()
        if self._producer_is_spent and not self._busy:
            await self._renew_producer()
        read = await self._read()
        for lane, rows in _lanes(read):
            self._in_flight += len(rows)
            self._busy[lane] = asyncio.create_task(self._send(lane, rows))
        await self._pause(stop)
        if read and self._in_flight < self._batch:
            await asyncio.sleep(_GATHER)
        await self._record([task for task in self._busy.values() if task.done()])

    async def finish(self) -> None:
        """What is under way is waited for, for a short time; the next relay sends the rest."""
        if self._busy:
            done, _ = await asyncio.wait(self._busy.values(), timeout=_DRAIN)
            await self._record(list(done))

    async def kafka(self) -> bool | str:
        """For the readiness check, now and then: the client keeps silent about a broker that is away."""
        if self._producer is not None and monotonic() >= self._ask_at:
            self._ask_at = monotonic() + _ASK_EVERY
            self._kafka = "no broker answers"
            with suppress(TimeoutError):
                async with asyncio.timeout(2):
                    if await self._producer.client.force_metadata_update():
                        self._kafka = True
        return self._kafka

    async def _renew_producer(self) -> None:
        """At most once a poll; the lock is kept meanwhile."""
        if self._producer is not None:
            await _close(self._producer)
            self._producer = None
        if monotonic() < self._renew_at:
            return
        self._renew_at = monotonic() + self._poll
        try:
            self._producer = await self._start_producer()
        except (KafkaError, OSError, TimeoutError) as error:
            reason = f"{type(error).__name__}: {error}"
            if reason != self._kafka:
                logger.warning("Kafka is away", extra={"relay": self._relay, "reason": reason})
            self._kafka = reason
            return
        self._producer_is_spent, self._kafka = False, True

    async def _start_producer(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            client_id=f"relay-{self._relay}",
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=int(_TIMEOUT * 1000),
        )
        try:
            async with asyncio.timeout(_TIMEOUT):
                await producer.start()
        except BaseException:
            await _close(producer)
            raise
        return producer

    async def _read(self) -> list[asyncpg.Record]:
        """This is the fence too: it runs on the lock's connection, and ends with it."""
        now = monotonic()
        self._held = {lane: until for lane, until in self._held.items() if until > now}
        self._held_topics = {topic: until for topic, until in self._held_topics.items() if until > now}
        HELD.labels(self._relay).set(len(self._held))
        room = 0 if self._producer_is_spent else self._batch - self._in_flight
        left_out = [chr(31).join(lane) for lane in (*self._busy, *self._held)]
        rows: list[asyncpg.Record] = await self._connection.fetch(
            _UNSENT, left_out, [*self._held_topics], max(room, 0)
        )
        return rows

    async def _send(self, lane: Lane, rows: list[asyncpg.Record]) -> _Outcome:
        outcome = _Outcome(lane)
        for row in rows:
            if self._connection.is_closed():
                break  # the lock is lost: another relay may be sending these by now
            try:
                await self._send_row(row)
            except Exception as error:  # noqa: BLE001 a row must not end the relay
                outcome.failed, outcome.error = row, error
                break
            outcome.sent.append(row["id"])
        self._in_flight -= len(rows)
        return outcome

    async def _send_row(self, row: asyncpg.Record) -> None:
        if row["id"] in self._suspects:
            return await self._send_alone(row)
        assert self._producer is not None, "nothing is read without a producer"  # noqa: S101
        acknowledged = await self._producer.send(**_message(row))
        try:
            await acknowledged
        except KafkaError as error:
            if not error.retriable:
                # the broker refused the whole batch that the row was in, and the partition's sequence has a
                # gap now: all that follows would be refused too
                self._suspects.add(row["id"])
                self._producer_is_spent = True
            raise

    async def _send_alone(self, row: asyncpg.Record) -> None:
        """In a batch and by a producer of its own: here a row that is to blame harms no other."""
        async with self._alone:
            producer = await self._start_producer()
            try:
                await producer.send_and_wait(**_message(row))
            finally:
                await _close(producer)
        self._suspects.discard(row["id"])

    async def _pause(self, stop: asyncio.Event) -> None:
        """Until a lane is done, a notification came, the connection was lost, or it is time to poll or to
        stop.
        """
        signals = [asyncio.create_task(event.wait()) for event in (self._wake, stop)]
        try:
            await asyncio.wait(
                [*signals, *self._busy.values()], timeout=self._poll, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for signal in signals:
                signal.cancel()

    async def _record(self, tasks: list[asyncio.Task[_Outcome]]) -> None:
        """Marks first, then frees the lanes: a row is not read again while its mark is under way."""
        outcomes = [task.result() for task in tasks]
        sent = [row_id for outcome in outcomes for row_id in outcome.sent]
        if sent:
            await self._connection.execute(_MARK_SENT, sent)
        for outcome in outcomes:
            SENT.labels(self._relay, outcome.lane[0]).inc(len(outcome.sent))
            if outcome.failed is not None and outcome.error is not None:
                await self._hold_back(outcome.lane, outcome.failed, outcome.error)
            del self._busy[outcome.lane]

    async def _hold_back(self, lane: Lane, row: asyncpg.Record, error: Exception) -> None:
        topic, key = lane
        reason = f"{type(error).__name__}: {error}"[:500]
        await self._connection.execute(_MARK_FAILED, row["id"], reason)
        FAILURES.labels(self._relay, topic, type(error).__name__).inc()
        extra = {"relay": self._relay, "topic": topic, "key": key, "outbox_id": row["id"], "reason": reason}
        logger.warning("an event could not be sent and holds back its key", extra=extra)
        if isinstance(error, UnknownTopicOrPartitionError):
            # each of its keys would wait for the metadata as long, and fill the room of the other topics
            self._held_topics[topic] = monotonic() + self._poll
        elif isinstance(error, _PRODUCER_ERRORS) or type(error) is KafkaError:
            self._producer_is_spent = True
            self._held[lane] = monotonic() + self._poll
        elif getattr(error, "retriable", False):
            self._held[lane] = monotonic() + self._poll
        else:
            self._held[lane] = monotonic() + min(self._poll * 2 ** min(row["attempts"], 10), _LONGEST_HOLD)


def _lanes(rows: list[asyncpg.Record]) -> list[tuple[Lane, list[asyncpg.Record]]]:
    def lane(row: asyncpg.Record) -> Lane:
        return row["topic"], row["key"]

    # the sort is stable: within a lane the order of id stays
    return [(key, list(group)) for key, group in groupby(sorted(rows, key=lane), key=lane)]


def _message(row: asyncpg.Record) -> dict[str, Any]:
    headers = [("content-type", CONTENT_TYPE.encode())]
    if row["traceparent"]:
        headers.append(("traceparent", row["traceparent"].encode()))
    return {
        "topic": row["topic"],
        "key": row["key"].encode(),
        "value": row["envelope"].encode(),
        "headers": headers,
    }


async def _close(producer: AIOKafkaProducer) -> None:
    """Without the flush of `stop()`, which would send what another relay may be sending by now, and wait for
    ever for a broker that is away.
    """
    sender: Any = producer._sender
    if sender.sender_task is not None:
        sender.sender_task.cancel()
        await asyncio.wait([sender.sender_task], timeout=2)
    producer._closed = True
    await producer.client.close()

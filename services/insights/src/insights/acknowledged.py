"""Faust's application with a firmer at-least-once: an offset is committed only when Kafka has everything that
came of the records before it (ADR 0116).

Faust flushes its producer before it commits, but gives up waiting for its own buffer after a tenth of a
second, and a write that fails is one line in the log: what the offsets then say is done stands in no
changelog.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import faust
from faust.exceptions import ProducerSendError
from faust.transport.drivers.aiokafka import Producer
from faust.types.tuples import FutureMessage, RecordMetadata

from bazaar_shared.dead_letters import DeadLetters
from bazaar_shared.management import Health
from insights.sensor import Watch
from insights.settings import Settings
from insights.topology import TABLES, Topology

# a broker that restarts is waited for; when the worker ends, its successor does what was left
_PATIENCE = 60.0
_LAST_PATIENCE = 5.0
_BUFFERED = 5000


class AcknowledgedProducer(Producer):
    connected = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._open: set[asyncio.Future[Any]] = set()
        self._failure: BaseException | None = None

    async def on_start(self) -> None:
        await super().on_start()
        # of the 100 that Faust has, an order's changes take ten; each time it is full, the stream pauses
        self.buffer.max_messages = _BUFFERED
        # the router hashes keys by what this client knows of a topic, which is nothing before it has
        # written there
        names = cast("Insights", self.app).topology
        for table in TABLES:
            await self._ensure_producer().partitions_for(names.changelog(table))
        self.connected = True

    def watch(self, sent: asyncio.Future[Any]) -> None:
        self._open.add(sent)
        sent.add_done_callback(self._close)

    def _close(self, sent: asyncio.Future[Any]) -> None:
        self._open.discard(sent)
        if sent.cancelled():
            self._failure = asyncio.CancelledError("a write was given up")
        elif sent.exception() is not None:
            self._failure = sent.exception()

    def send_soon(self, fut: FutureMessage) -> None:
        self.watch(fut)
        super().send_soon(fut)

    async def send(self, *args: Any, **options: Any) -> Awaitable[RecordMetadata]:
        written = self.app.loop.create_future()
        self.watch(written)
        try:
            acknowledged = await super().send(*args, **options)
        except BaseException as error:
            written.set_exception(error if isinstance(error, Exception) else ProducerSendError(repr(error)))
            raise
        asyncio.ensure_future(acknowledged).add_done_callback(lambda done: _pass_on(done, written))
        return acknowledged

    async def flush(self) -> None:
        """Faust calls this before each commit; an exception here ends the worker, whose successor reads again
        from the last commit. What is sent meanwhile belongs to later records: Faust's own flush, which waits
        for that too, ends only when the stream has a pause.
        """
        if waiting := tuple(self._open):
            patience = _LAST_PATIENCE if self.app.should_stop else _PATIENCE
            _, unfinished = await asyncio.wait(waiting, timeout=patience)
            if unfinished:
                raise ProducerSendError(f"Kafka did not acknowledge {len(unfinished)} writes")
        if self._failure is not None:
            raise ProducerSendError(f"Kafka did not take a write: {self._failure!r}") from self._failure


def _pass_on(done: asyncio.Future[Any], to: asyncio.Future[Any]) -> None:
    if done.cancelled():
        to.cancel()
    elif (error := done.exception()) is not None:
        to.set_exception(error)
    else:
        to.set_result(done.result())


class Insights(faust.App):
    """The application, with what its agents share."""

    settings: Settings
    topology: Topology
    health: Health
    dead_letters: DeadLetters

    def equip(self, settings: Settings, health: Health) -> None:
        self.settings = settings
        self.health = health
        self.topology = settings.topology
        self.dead_letters = DeadLetters(
            settings.kafka_bootstrap_servers, self.topology.dead_letters, self.topology.app_id
        )

    async def on_start(self) -> None:
        await super().on_start()
        # not a timer of Faust's: those begin when the tables are recovered
        self.add_future(self._watch())

    async def _watch(self) -> None:
        watch = Watch(self)
        while not self.should_stop:
            await watch.turn()
            await self.sleep(1.0)

    async def on_stop(self) -> None:
        await super().on_stop()
        await self.dead_letters.close()

    def _new_producer(self) -> AcknowledgedProducer:
        return AcknowledgedProducer(self.producer_transport, loop=self.loop, beacon=self.beacon)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """No offset is committed meanwhile, nor ever again when the block fails."""
        done = self.loop.create_future()
        if isinstance(self.producer, AcknowledgedProducer):
            self.producer.watch(done)
        try:
            yield
        except BaseException as error:
            done.set_exception(ProducerSendError(repr(error)))
            raise
        done.set_result(None)

"""The relay and the consumer: the shared library's asyncio loops, each in a process of its own."""

import asyncio
import logging
import signal
import threading
from collections.abc import Awaitable, Callable
from functools import partial

from bazaar_shared.consumer import replay_dead_letters, run_consumer
from bazaar_shared.management import Health, Management
from bazaar_shared.relay import run_relay
from reviews.database import make_engine, make_sessions
from reviews.events.incoming import CONSUMER, DEAD_LETTERS, TOPICS, IncomingEvents
from reviews.migrate import migrate_when_possible
from reviews.settings import Settings

log = logging.getLogger(__name__)

type Loop = Callable[[asyncio.Event], Awaitable[None]]


def relay(settings: Settings) -> None:
    health = Health("schema", "database", "kafka")
    loop = partial(_relay, settings, health)
    run_until_signalled(settings, health, loop)


async def _relay(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    # asyncpg takes the address as it is
    await run_relay(
        settings.database_url, settings.kafka_bootstrap_servers, name="reviews", stop=stop, health=health
    )


def consume(settings: Settings) -> None:
    health = Health("schema", "kafka")
    run_until_signalled(settings, health, partial(_consume, settings, health))


async def _consume(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    engine = make_engine(settings, connections=1)  # the partitions' records are handled one after the other
    try:
        await run_consumer(
            settings.kafka_bootstrap_servers,
            group=CONSUMER,
            topics=TOPICS,
            handle=IncomingEvents(make_sessions(engine)).handle,
            dead_letter_topic=DEAD_LETTERS,
            stop=stop,
            health=health,
        )
    finally:
        engine.dispose()


def replay(settings: Settings) -> None:
    """`python -m reviews replay-dead-letters`."""
    engine = make_engine(settings, connections=1)
    handle = IncomingEvents(make_sessions(engine)).handle
    try:
        outcome = asyncio.run(
            replay_dead_letters(settings.kafka_bootstrap_servers, DEAD_LETTERS, CONSUMER, handle)
        )
    finally:
        engine.dispose()
    log.info("dead letters replayed", extra={"handled": outcome.handled, "refused": outcome.refused})


def run_until_signalled(settings: Settings, health: Health, loop: Loop) -> None:
    """Until SIGTERM or SIGINT, with the management port beside it; the schema first."""
    port = Management(
        settings.management_host, settings.management_port, live=health.alive, ready=health.checks
    )
    port.start()
    try:
        asyncio.run(_until_signalled(settings, health, loop))
    finally:
        port.stop()


async def _until_signalled(settings: Settings, health: Health, loop: Loop) -> None:
    stop, stopping = asyncio.Event(), threading.Event()

    def end() -> None:
        stop.set()
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    if await asyncio.to_thread(_schema, settings, health, stopping):
        await loop(stop)


def _schema(settings: Settings, health: Health, stopping: threading.Event) -> bool:
    def tell(reason: str) -> None:
        health.beat()  # a server that is away does not make the process a stuck one
        health.set("schema", reason)

    if settings.migrate_on_start and not migrate_when_possible(settings.database_url, stopping.is_set, tell):
        return False
    health.set("schema", state=True)
    health.beat()
    return True

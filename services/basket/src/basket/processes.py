"""The processes beside the server, without Sanic: relay, consume, migrate, replay."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping

from basket.database import connected, migrate
from basket.events.incoming import CONSUMER, DEAD_LETTERS, TOPICS, handle
from basket.schema import migrate_until_done
from basket.settings import Settings
from bazaar_shared.consumer import replay_dead_letters, run_consumer
from bazaar_shared.management import Health, Management
from bazaar_shared.relay import run_relay

logger = logging.getLogger(__name__)


async def relay(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    await run_relay(settings.dsn, settings.kafka_bootstrap_servers, name="basket", stop=stop, health=health)


async def consume(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    async with connected(settings):
        await run_consumer(
            settings.kafka_bootstrap_servers,
            group=CONSUMER,
            topics=TOPICS,
            handle=handle,
            dead_letter_topic=DEAD_LETTERS,
            stop=stop,
            health=health,
        )


type Loop = Callable[[Settings, Health, asyncio.Event], Awaitable[None]]

LOOPS: Mapping[str, tuple[Loop, tuple[str, ...]]] = {
    "relay": (relay, ("database", "kafka")),
    "consume": (consume, ("kafka",)),
}


async def run_loop(settings: Settings, name: str) -> None:
    """`python -m basket relay|consume`, with the management port beside it, until a signal."""
    loop, needs = LOOPS[name]
    health = Health("schema", *needs)
    stop = _stop_on_signals()
    management = Management(
        settings.management_host, settings.management_port, live=health.alive, ready=health.checks
    )
    management.start()
    try:
        if await _migrated(settings, health, stop):
            await loop(settings, health, stop)
    finally:
        management.stop()


async def _migrated(settings: Settings, health: Health, stop: asyncio.Event) -> bool:
    """False when the process was stopped while it waited."""
    migrating = asyncio.create_task(migrate_until_done(settings, health))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({migrating, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not migrating.done():
        migrating.cancel()
        return False
    await migrating
    return not stop.is_set()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def migrate_once(settings: Settings) -> None:
    """`python -m basket migrate`."""
    await migrate(settings)


async def replay(settings: Settings) -> None:
    """`python -m basket replay-dead-letters`."""
    async with connected(settings):
        servers = settings.kafka_bootstrap_servers
        outcome = await replay_dead_letters(servers, DEAD_LETTERS, CONSUMER, handle)
    logger.info("dead letters replayed", extra={"handled": outcome.handled, "refused": outcome.refused})

"""`python -m chat consume`: orders' events, and the dead letters."""

import asyncio
import logging
from contextlib import suppress

from bazaar_shared.consumer import replay_dead_letters, run_consumer
from bazaar_shared.management import Health, Management
from chat.events.incoming import CONSUMER, DEAD_LETTERS, TOPICS, IncomingEvents, forget_handled
from chat.live.wakeups import Publisher, connect
from chat.settings import Settings
from chat.signals import stop_on_signals
from chat.storage.database import DATABASE_ERRORS, Sessions, make_engine, make_sessions
from chat.storage.migrate import migrate, migrated, pause

logger = logging.getLogger(__name__)

_FORGET_SECONDS = 60.0


async def consume(settings: Settings) -> None:
    stop = stop_on_signals()
    health = Health("schema", "kafka")
    management = Management(
        settings.management_host, settings.management_port, live=health.alive, ready=health.checks
    )
    management.start()
    try:
        if await migrated(settings, health, stop):
            await _consume(settings, health, stop)
    finally:
        management.stop()


async def _consume(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    engine, redis = make_engine(settings), connect(settings.redis)
    sessions, publisher = make_sessions(engine), Publisher(redis)
    beside = [asyncio.create_task(publisher.run()), asyncio.create_task(_forget(sessions, stop))]
    try:
        await run_consumer(
            settings.kafka_bootstrap_servers,
            group=CONSUMER,
            topics=TOPICS,
            handle=IncomingEvents(sessions, publisher).handle,
            dead_letter_topic=DEAD_LETTERS,
            stop=stop,
            health=health,
        )
        await publisher.flush()
    finally:
        for task in beside:
            task.cancel()
        await redis.aclose()
        await engine.dispose()


async def _forget(sessions: Sessions, stop: asyncio.Event) -> None:
    """What others leave to their relay: chat has no outbox, and so no relay."""
    while not stop.is_set():
        more = False
        with suppress(*DATABASE_ERRORS):
            more = await forget_handled(sessions)
        await pause(stop, 0 if more else _FORGET_SECONDS)


async def migrate_once(settings: Settings) -> None:
    """`python -m chat migrate`."""
    await migrate(settings.sqlalchemy_url)


async def replay(settings: Settings) -> None:
    """`python -m chat replay-dead-letters`."""
    engine, redis = make_engine(settings), connect(settings.redis)
    publisher = Publisher(redis)
    try:
        handle = IncomingEvents(make_sessions(engine), publisher).handle
        outcome = await replay_dead_letters(settings.kafka_bootstrap_servers, DEAD_LETTERS, CONSUMER, handle)
        await publisher.flush()
    finally:
        await redis.aclose()
        await engine.dispose()
    logger.info("dead letters replayed", extra={"handled": outcome.handled, "refused": outcome.refused})

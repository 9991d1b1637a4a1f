"""Follows Kafka; asyncio, as the shared consumer is. Celery's client blocks, and has a thread of its own."""

import asyncio
import json
import logging
import signal
import threading

import asyncpg

from bazaar_shared.consumer import replay_dead_letters, run_consumer
from bazaar_shared.dead_letters import Replay
from bazaar_shared.management import Health
from notifications.app import create_celery
from notifications.events.incoming import DEAD_LETTERS, TOPICS, IncomingEvents, Wake
from notifications.processes.starting import managed, schema_is_there
from notifications.processes.waking import Waker
from notifications.settings import Settings

logger = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    health = Health("schema", "kafka")
    with managed(settings, health.checks, health.alive):
        asyncio.run(_until_signalled(settings, health))
    return 0


async def _until_signalled(settings: Settings, health: Health) -> None:
    stop, stopping = asyncio.Event(), threading.Event()

    def end() -> None:
        stop.set()
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    if await asyncio.to_thread(schema_is_there, settings, health, stopping):
        await _consume(settings, health, stop)


async def _consume(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    waker = Waker(create_celery(settings))
    waker.start()
    try:
        async with make_pool(settings) as pool:
            await run_consumer(
                settings.kafka_bootstrap_servers,
                group=settings.kafka_group,
                topics=TOPICS,
                handle=_handler(settings, pool, waker.wake).handle,
                dead_letter_topic=DEAD_LETTERS,
                stop=stop,
                health=health,
            )
    finally:
        await asyncio.to_thread(waker.stop)


async def replay(settings: Settings) -> Replay:
    """No wake-ups: the scan finds what comes of it."""
    async with make_pool(settings) as pool:
        handle = _handler(settings, pool, lambda _: None).handle
        return await replay_dead_letters(
            settings.kafka_bootstrap_servers, DEAD_LETTERS, settings.kafka_group, handle
        )


def _handler(settings: Settings, pool: asyncpg.Pool, wake: Wake) -> IncomingEvents:
    return IncomingEvents(pool, settings.mail_domain, settings.news_max_age, wake)


def make_pool(settings: Settings) -> asyncpg.Pool:
    async def prepare(connection: asyncpg.Connection) -> None:
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")

    # min_size 0: a database that is away now is found at the first event, which is tried again
    return asyncpg.create_pool(
        settings.dsn,
        min_size=0,
        max_size=2,
        timeout=5,
        command_timeout=10,
        init=prepare,
        server_settings={"application_name": settings.process_name, "timezone": "UTC"},
    )

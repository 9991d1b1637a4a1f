"""catalog.product → a stock record of zero pieces for each product that is new. asyncio and asyncpg, beside
Nameko.

aiokafka needs an asyncio loop, and eventlet would patch it to pieces: so this is a process of its own, on
the same database.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from logging import getLogger
from typing import Any
from uuid import UUID

import asyncpg

from bazaar_shared import outbox
from bazaar_shared.consumer import PermanentError, Record, replay_dead_letters, run_consumer
from bazaar_shared.envelope import Event
from bazaar_shared.inbox import first_time
from bazaar_shared.management import Health
from fulfillment.loop import run_until_signal
from fulfillment.settings import Settings

log = getLogger(__name__)

GROUP = "fulfillment"
TOPIC = "catalog.product"
DEAD_LETTERS = "dead-letter.fulfillment"

type Handler = Callable[[Event, Record], Awaitable[None]]


def consume(settings: Settings) -> int:
    board = Health("kafka")

    async def work(stop: asyncio.Event) -> None:
        async with pool_of(settings) as pool:
            await run_consumer(
                settings.kafka_bootstrap_servers or "",
                group=GROUP,
                topics=[TOPIC],
                handle=handler(pool),
                dead_letter_topic=DEAD_LETTERS,
                stop=stop,
                health=board,
            )

    return run_until_signal(settings, [board], work)


def replay(settings: Settings) -> int:
    async def work() -> int:
        async with pool_of(settings) as pool:
            done = await replay_dead_letters(
                settings.kafka_bootstrap_servers or "", DEAD_LETTERS, GROUP, handler(pool)
            )
        print(json.dumps({"handled": done.handled, "refused": done.refused}))  # noqa: T201 a command's answer
        return 1 if done.refused else 0

    return asyncio.run(work())


@asynccontextmanager
async def pool_of(settings: Settings) -> Any:
    # min_size 0: the process starts without its database, and the consumer tries each record until it is
    # there
    async with asyncpg.create_pool(
        settings.databases["inventory"], min_size=0, max_size=4, command_timeout=10, timeout=10
    ) as pool:
        yield pool


def handler(pool: asyncpg.Pool) -> Handler:
    async def handle(event: Event, _record: Record) -> None:
        product_id = product_of(event)
        async with pool.acquire() as connection, connection.transaction():
            if await first_time(connection, GROUP, event.id):
                await add_product(connection, product_id)

    return handle


def product_of(event: Event) -> UUID:
    try:
        return UUID(event.data["product_id"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise PermanentError("data.product_id: a UUID is required") from error


async def add_product(connection: Any, product_id: UUID) -> None:
    """The effect needs no version: it only happens when there is no record yet, in whatever order events
    come.
    """
    version = await connection.fetchval(
        "insert into stock (product_id) values ($1) on conflict do nothing returning version", product_id
    )
    if version is None:
        return
    event = Event.new(
        source="/bazaar/fulfillment/inventory",
        type="bazaar.inventory.stock.v1",
        subject=str(product_id),
        version=version,
        data={"product_id": str(product_id), "on_hand": 0, "reserved": 0, "available": 0},
    )
    await outbox.publish(connection, "inventory.stock", event)
    log.info("a product is new", extra={"product_id": str(product_id)})

"""Whether the database is there and up to date, told to the health board."""

import asyncio
import logging
from typing import Never

from tortoise.connection import get_connection

from basket.database import CONNECTION, DATABASE_ERRORS, migrate
from basket.settings import Settings
from bazaar_shared.management import Health

logger = logging.getLogger(__name__)

_SECONDS = 1.0
_PROBE_TIMEOUT = 3


async def migrate_until_done(settings: Settings, health: Health) -> None:
    """Waits for a database that is not there yet. A long migration is no stuck process."""
    beating = asyncio.create_task(_beat(health))
    try:
        while settings.migrate_on_start:
            try:
                await migrate(settings)
                break
            except DATABASE_ERRORS as error:
                health.set("schema", _reason(error))
                logger.warning("waiting for the database", extra={"reason": repr(error)[:300]})
                await asyncio.sleep(_SECONDS)
        health.set("schema", True)
    finally:
        beating.cancel()


async def probe(health: Health) -> Never:
    """In the background: an answer about health waits for nobody."""
    while True:
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT):
                await get_connection(CONNECTION).execute_query("select 1")
            health.set("database", True)
        except DATABASE_ERRORS as error:
            health.set("database", _reason(error))
        health.beat()
        await asyncio.sleep(_SECONDS)


async def _beat(health: Health) -> Never:
    while True:
        health.beat()
        await asyncio.sleep(_SECONDS)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]

"""The schema, brought up to date by whoever starts first; the others wait for the lock and find nothing to
do.
"""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bazaar_shared.management import Health
from bazaar_shared.migrations import LOCK_SQL
from chat.settings import Settings
from chat.storage.database import DATABASE_ERRORS

logger = logging.getLogger(__name__)

# a line for each of its plugins says nothing to anybody
logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)

_PACKAGE = Path(__file__).parents[1]
_CONNECT_TIMEOUT = 3
_PROBE_SECONDS = 1.0
_PROBE_TIMEOUT = 3
# another replica's migration is waited for; a forgotten lock is not
_LOCK_WAIT = {"lock_timeout": "60s"}


def scripts() -> Path:
    """In a wheel the migrations are inside the package, in a checkout beside src/."""
    packaged = _PACKAGE / "migrations"
    return packaged if packaged.is_dir() else _PACKAGE.parents[1] / "migrations"


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.attributes["connection"] = connection
    return config


async def migrate(url: str) -> None:
    """On a connection of its own: a request's limits are not for DDL, and what holds the lock is what works
    under it. The lock is the session's, so that it outlives the migrations' transactions, and ends with it.
    """
    limits = {"timeout": _CONNECT_TIMEOUT, "server_settings": _LOCK_WAIT}
    engine = create_async_engine(url, poolclass=NullPool, connect_args=limits)
    async with engine.connect() as connection:
        await connection.execute(text(LOCK_SQL))
        await connection.commit()
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
        await connection.commit()
    logger.info("the schema is up to date")


async def migrated(settings: Settings, health: Health, stop: asyncio.Event) -> bool:
    """True when the schema is up to date; waits for a database that is not there yet, unless stopped. A long
    migration is no stuck process.
    """
    beating = asyncio.create_task(_beat(health))
    try:
        if not settings.migrate_on_start:
            health.set("schema", True)
        while not stop.is_set() and health.get("schema") is not True:
            try:
                await migrate(settings.sqlalchemy_url)
                health.set("schema", True)
            except DATABASE_ERRORS as error:
                health.set("schema", reason(error))
                logger.warning("waiting for the database", extra={"reason": repr(error)[:300]})
                await pause(stop, _PROBE_SECONDS)
        return not stop.is_set()
    finally:
        beating.cancel()


async def probe(engine: AsyncEngine, health: Health, stop: asyncio.Event) -> None:
    """Readiness, looked at in the background: an answer about health waits for nobody."""
    while not stop.is_set():
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT), engine.connect() as connection:
                await connection.execute(text("select 1"))
            health.set("database", True)
        except DATABASE_ERRORS as error:
            health.set("database", reason(error))
        health.beat()
        await pause(stop, _PROBE_SECONDS)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _beat(health: Health) -> None:
    while True:
        health.beat()
        await asyncio.sleep(_PROBE_SECONDS)


def reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]

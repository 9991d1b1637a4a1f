"""The schema, brought up to date by whoever starts first; the others wait for the lock and find nothing to
do.
"""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bazaar_shared.migrations import LOCK_SQL, UNLOCK_SQL

logger = logging.getLogger(__name__)

# a line for each of its plugins says nothing to anybody
logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)

_PACKAGE = Path(__file__).parent


def scripts() -> Path:
    """In a wheel the migrations are inside the package, in a checkout beside src/."""
    packaged = _PACKAGE / "migrations"
    return packaged if packaged.is_dir() else _PACKAGE.parents[1] / "migrations"


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.attributes["connection"] = connection
    return config


async def migrate(engine: AsyncEngine) -> None:
    # the lock is the session's: it outlives the transactions that migrations make
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text(LOCK_SQL))
        try:
            async with engine.begin() as work:
                await work.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
        finally:
            await autocommit.execute(text(UNLOCK_SQL))
    logger.info("the schema is up to date")

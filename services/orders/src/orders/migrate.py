"""The schema, brought up to date by whoever starts first; the others wait for the lock and find nothing to
do.
"""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from bazaar_shared.migrations import LOCK_SQL

logger = logging.getLogger(__name__)

# a line for each of its plugins says nothing to anybody
logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)

_PACKAGE = Path(__file__).parent
_CONNECT_TIMEOUT = 3
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

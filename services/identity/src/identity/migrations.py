"""Alembic under an advisory lock: replicas that start together migrate once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, NullPool, create_engine, text

from bazaar_shared.migrations import LOCK_SQL, UNLOCK_SQL

# Beside src/: a service is installed from its folder, in a checkout and in an image alike.
SCRIPTS = Path(__file__).parents[2] / "migrations"


def migrate(url: URL, revision: str = "head") -> None:
    """On connections of its own, without the statement timeout that requests have."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    with engine.connect() as lock, engine.connect() as connection:
        lock.execute(text("set lock_timeout = '5min'"))
        # The lock is the session's, not a transaction's: a migration may need several transactions.
        lock.execute(text(LOCK_SQL))
        lock.commit()
        try:
            command.upgrade(alembic_config(connection), revision)
        finally:
            lock.execute(text(UNLOCK_SQL))


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config

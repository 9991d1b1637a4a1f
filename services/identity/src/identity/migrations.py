"""Alembic under an advisory lock: replicas that start together migrate once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from bazaar_shared.migrations import LOCK_SQL, UNLOCK_SQL


def migrate(engine: Engine, revision: str = "head") -> None:
    # The lock is the session's, not a transaction's: a migration may need several transactions.
    with engine.connect() as lock:
        lock.execute(text("set lock_timeout = '60s'"))
        lock.execute(text(LOCK_SQL))
        lock.commit()
        try:
            with engine.connect() as connection:
                command.upgrade(alembic_config(connection), revision)
        finally:
            lock.execute(text(UNLOCK_SQL))
            lock.commit()
            lock.invalidate()  # its lock_timeout must not go back to the pool


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_scripts()))
    config.attributes["connection"] = connection
    return config


def _scripts() -> Path:
    """Beside src/ in a checkout, inside the package when it was installed from a wheel."""
    package = Path(__file__).parent
    return next(
        folder for folder in (package / "migrations", package.parents[1] / "migrations") if folder.is_dir()
    )

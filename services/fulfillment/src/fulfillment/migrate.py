"""Alembic for four databases, each under an advisory lock: several replicas may start at once."""

from collections.abc import Mapping
from logging import getLogger
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from bazaar_shared import migrations as lock
from fulfillment.storage import open_database

log = getLogger(__name__)

LOCK_WAIT = {"lock_timeout": "60s"}  # another replica's migration is waited for; a forgotten lock is not


def scripts() -> Path:
    """The migrations lie beside src/ in the repository, and inside the package in a wheel."""
    inside = Path(__file__).parent / "migrations"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "migrations"


def migrate(databases: Mapping[str, str]) -> None:
    for name, url in databases.items():
        migrate_one(name, url)


def migrate_one(name: str, url: str) -> None:
    engine = open_database(url, connections=1, limits=LOCK_WAIT)
    try:
        with engine.connect() as connection:
            connection.execute(text(lock.LOCK_SQL))
            connection.commit()  # the lock is the session's and outlives this transaction
            try:
                config = alembic_config(name)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
            finally:
                connection.execute(text(lock.UNLOCK_SQL))
    finally:
        engine.dispose()
    log.info("migrated", extra={"database": name})


def alembic_config(name: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.set_main_option("version_locations", str(scripts() / name / "versions"))
    config.set_main_option("path_separator", "newline")
    return config

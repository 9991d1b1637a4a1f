"""Alembic under the advisory lock: replicas that start together migrate once."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from bazaar_shared.migrations import LOCK_SQL
from notifications.settings import Settings

logger = logging.getLogger(__name__)
for name in ("alembic.runtime.plugins", "alembic.runtime.migration"):  # they have nothing to say to anybody
    logging.getLogger(name).setLevel(logging.WARNING)

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


def migrate(url: str) -> None:
    """On a connection of its own, without a request's time limits. What holds the lock is what works under
    it; the lock is the session's, so that it outlives the migrations' transactions, and ends with the
    connection.
    """
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        # another replica's migration is waited for; a forgotten lock is not
        connect_args={"connect_timeout": 5, "options": "-c lock_timeout=60000"},
    )
    with engine.connect() as connection:
        connection.execute(text(LOCK_SQL))
        connection.commit()
        command.upgrade(alembic_config(connection), "head")
        connection.commit()
    logger.info("the schema is up to date")


def migrate_when_possible(url: str, stopping: Callable[[], bool], tell: Callable[[str], None]) -> bool:
    """The order in which processes start does not matter: this one waits. False when told to stop."""
    pause = threading.Event()
    while not stopping():
        try:
            migrate(url)
            return True
        except OperationalError as error:
            reason = str(error.orig).strip()
            tell(reason[:200])
            logger.warning("waiting for the database", extra={"reason": reason})
            pause.wait(1)
    return False


def run(settings: Settings) -> int:
    """`python -m notifications migrate`."""
    migrate(settings.dsn)
    return 0

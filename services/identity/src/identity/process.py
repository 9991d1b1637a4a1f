"""One replica: waits for its database, prepares it, serves, and says on the management port how it is."""

import logging
import threading
from datetime import UTC, datetime

from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bazaar_shared.management import Management
from identity.application import create_app
from identity.clients.service import load_clients
from identity.keyring import Keyring
from identity.migrations import migrate
from identity.persistence import make_engine
from identity.server import serve
from identity.settings import Settings
from identity.tokens.keys import ensure_first
from identity.tokens.models import SigningKey

logger = logging.getLogger(__name__)


def prepare(settings: Settings) -> None:
    """Tables, the first signing key, the service accounts. Replicas may do it at once, and again."""
    engine = make_engine(settings)
    try:
        migrate(engine.url)
        with Session(engine) as db, db.begin():
            fill(db, settings)
    finally:
        engine.dispose()


def fill(db: Session, settings: Settings) -> None:
    now = datetime.now(UTC)
    ensure_first(db, Keyring(settings.key_encryption_key), settings, now)
    if settings.service_clients_dir is not None:
        load_clients(db, settings.service_clients_dir, now)


def run(settings: Settings) -> None:
    app = create_app(settings)
    listening = threading.Event()
    engine: Engine = app.registry["sqlalchemy.engine"]
    management = Management(
        settings.management_host,
        settings.management_port,
        ready={
            "database": lambda: _answers(engine),
            "signing_key": lambda: _can_sign(engine),
            "listening": lambda: listening.is_set() or "not yet",
        },
    )
    management.start()
    if settings.migrate_on_start:
        _when_the_database_is_there(settings)
    serve(app, settings, listening)
    management.stop()
    engine.dispose()


def _when_the_database_is_there(settings: Settings) -> None:
    """The start's order does not matter: whoever comes first waits."""
    pause = threading.Event()
    while True:
        try:
            return prepare(settings)
        except OperationalError as error:
            logger.warning("waiting for the database", extra={"reason": str(error.orig).strip()})
            pause.wait(1)


def _answers(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.execute(text("select true")).scalar_one() is True


def _can_sign(engine: Engine) -> bool | str:
    with Session(engine) as db:
        return db.scalars(select(SigningKey.kid).limit(1)).first() is not None or "there is no key yet"

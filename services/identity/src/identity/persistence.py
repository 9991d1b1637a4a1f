"""The database: `request.db` for the work of a request, `ISecurityUnit` for what must outlive a refusal.

pyramid_tm owns the request's transaction and rolls it back when a view raises. That is right for work, and
wrong for security state: an attempt whose count is rolled back was never counted, a stolen token whose family
was ended in a rolled-back transaction is still good. Such state goes through `ISecurityUnit.begin()`, the one
place in a request where a transaction is committed by hand (docs/adr/0011).
"""

from contextlib import AbstractContextManager
from typing import Any, Protocol

import zope.sqlalchemy
from sqlalchemy import Engine, MetaData, create_engine, make_url
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from identity.settings import Settings


class Base(DeclarativeBase):
    # Named constraints: a migration can only drop what it can name.
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
        }
    )


class ISecurityUnit(Protocol):
    def begin(self) -> AbstractContextManager[Session]:
        """A session in a transaction of its own, committed when the block ends, whatever the request becomes.

        Touch no row in it that `request.db` may have locked before: the two would wait for each other.
        """


class SecurityUnit:
    def __init__(self, engine: Engine) -> None:
        self._sessions = sessionmaker(engine, expire_on_commit=False)

    def begin(self) -> AbstractContextManager[Session]:
        return self._sessions.begin()


def make_engine(settings: Settings) -> Engine:
    return create_engine(
        make_url(settings.database_url).set(drivername="postgresql+psycopg"),
        # A request may hold two connections, its own and the security unit's. With fewer than two for each
        # thread, every thread could hold one and wait in vain for the second.
        pool_size=2 * settings.http_threads,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,  # a restart of PostgreSQL costs no request
        connect_args={
            "connect_timeout": 5,
            "application_name": f"identity-{settings.process_name}",
            "options": "-c statement_timeout=10000 -c lock_timeout=5000 -c timezone=UTC",
        },
    )


def _session_of(request: Any) -> Session:
    session = Session(request.registry["sqlalchemy.engine"])
    zope.sqlalchemy.register(session, transaction_manager=request.tm)
    return session


def includeme(config: Any) -> None:
    config.add_settings(
        {
            "retry.attempts": 3,
            "tm.manager_hook": "pyramid_tm.explicit_manager",
            # Naming the user in the transaction would authenticate requests that need no identity.
            "tm.annotate_user": False,
        }
    )
    config.include(
        "pyramid_retry"
    )  # deadlocks and serialisation failures, as zope.sqlalchemy recognises them
    config.include("pyramid_tm")
    engine = make_engine(config.registry.settings["identity"])
    config.registry["sqlalchemy.engine"] = engine
    config.add_request_method(_session_of, "db", reify=True)
    config.register_service(SecurityUnit(engine), ISecurityUnit)

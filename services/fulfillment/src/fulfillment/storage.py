"""What the four databases have in common: how they are opened, and the tables every one of them keeps."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Engine,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    create_engine,
    func,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, sessionmaker

type Sessions = sessionmaker[Session]

SOCKET_SECONDS = 12  # longer than any statement may take: then the server is gone, not slow
POOL_SECONDS = 5
# Nothing here is slow: a statement that waits longer than this waits for a lock that somebody forgot.
SERVER_LIMITS: Mapping[str, str] = {
    "statement_timeout": "10s",
    "lock_timeout": "8s",
    "idle_in_transaction_session_timeout": "30s",
}


def open_database(url: str, *, connections: int, limits: Mapping[str, str] = SERVER_LIMITS) -> Engine:
    """An engine on pg8000: pure Python sockets, so that eventlet can switch to another worker while one
    waits.
    """
    return create_engine(
        make_url(url).set(drivername="postgresql+pg8000"),
        pool_size=connections,
        max_overflow=2,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,  # a restarted PostgreSQL is noticed before a statement is lost on it
        hide_parameters=True,  # an error's text reaches the log; addresses must not
        connect_args={"timeout": SOCKET_SECONDS, "startup_params": dict(limits)},
    )


def sessions(engine: Engine) -> Sessions:
    return sessionmaker(engine, expire_on_commit=False)


def add_common_tables(metadata: MetaData) -> None:
    """The outbox (read by the shared relay), and the replies that make each step happen once."""
    now = func.now()
    Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=False), primary_key=True),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("envelope", JSONB, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=now),
        Column("sent_at", DateTime(timezone=True)),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("last_error", Text),
        Index("outbox_unsent", "id", postgresql_where=text("sent_at is null")),
        Index("outbox_sent", "sent_at", postgresql_where=text("sent_at is not null")),
    )
    Table(
        "step_reply",
        metadata,
        Column("order_id", Uuid, nullable=False),
        Column("step", Text, nullable=False),
        Column("fingerprint", Text),
        Column("refusal", Text),
        Column("reply", JSONB, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=now),
        PrimaryKeyConstraint("order_id", "step"),
    )


def add_inbox(metadata: MetaData) -> None:
    Table(
        "inbox",
        metadata,
        Column("consumer", Text, nullable=False),
        Column("event_id", Text, nullable=False),
        Column("handled_at", DateTime(timezone=True), server_default=func.now()),
        PrimaryKeyConstraint("consumer", "event_id"),
        Index("inbox_handled", "handled_at"),
    )


def one_row(session: Session, statement: str, **values: Any) -> Any:
    return session.execute(text(statement), values).one_or_none()

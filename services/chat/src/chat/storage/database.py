"""The engine, and which of its errors mean that the database is away."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, cast
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from chat.settings import Settings

type Sessions = async_sessionmaker[AsyncSession]

# for the loops, which go on by themselves whatever it was
DATABASE_ERRORS = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)

_CONNECT_TIMEOUT = 3
_COMMAND_TIMEOUT = 10
_AWAY = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidCatalogNameError,
    # begun on a connection that is just being cut
    asyncpg.InternalClientError,
)


def make_engine(settings: Settings) -> AsyncEngine:
    return create_async_engine(
        settings.sqlalchemy_url,
        pool_size=settings.database_connections,
        max_overflow=0,
        pool_timeout=_CONNECT_TIMEOUT,
        # a connection that died with the server is found out before it is used
        pool_pre_ping=True,
        connect_args={
            "timeout": _CONNECT_TIMEOUT,
            "command_timeout": _COMMAND_TIMEOUT,
            "server_settings": {"application_name": "chat"},
        },
    )


def make_sessions(engine: AsyncEngine) -> Sessions:
    return async_sessionmaker(engine, expire_on_commit=False)


def is_away(error: BaseException) -> bool:
    """Whether the same request may succeed when the database is back."""
    if isinstance(error, ProgrammingError):
        # started a moment ago, the migration still to come
        return _has(error, asyncpg.UndefinedTableError)
    if isinstance(error, DBAPIError) and (error.connection_invalidated or _has(error, *_AWAY)):
        return True
    return isinstance(error, (*_AWAY, OSError, TimeoutError))


def _has(error: DBAPIError, *kinds: type[BaseException]) -> bool:
    """asyncpg's own error is the cause of the dialect's."""
    cause = getattr(error.orig, "__cause__", None)
    return isinstance(cause, kinds) or isinstance(error.orig, kinds)


def is_any(column: Any, ids: Collection[UUID]) -> ColumnElement[bool]:
    """One parameter however many they are: `in` has one for each, and an end at 32,767."""
    found: ColumnElement[bool] = column == any_(cast(list(ids), ARRAY(Uuid)))
    return found

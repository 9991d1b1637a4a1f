"""Tortoise's configuration, its connections, and the migrations under the lock."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connections
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException, DBConnectionError, TransactionManagementError
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor
from tortoise.transactions import in_transaction

from basket.settings import Settings
from bazaar_shared.migrations import LOCK_SQL

logger = logging.getLogger(__name__)

CONNECTION = "default"
APPS: dict[str, Any] = {
    "basket": {
        "models": ["basket.models"],
        "migrations": "basket.migrations",
        "default_connection": CONNECTION,
    }
}

# a server that is away, in each of the faces that this driver gives it
AWAY: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    # its role or database is still to be made
    asyncpg.InvalidAuthorizationSpecificationError,
    # begun on a connection that is just being cut
    asyncpg.InternalClientError,
    DBConnectionError,
    TimeoutError,
    OSError,
)
# for the loops, which try again whatever it was
DATABASE_ERRORS: tuple[type[Exception], ...] = (*AWAY, asyncpg.PostgresError, BaseORMException)

_CONNECT_TIMEOUT = 3
_STATEMENT_TIMEOUT = 10
# another replica's migration is waited for; a forgotten lock is not
_LOCK_WAIT = "60s"
# DDL that waits for a long reader has everybody else wait behind it: it gives up, and is tried again
_DDL_WAIT = "set local lock_timeout = '2s'"


def tortoise_config(settings: Settings) -> dict[str, Any]:
    """Nothing is connected before the first query: the database may come later."""
    return _config(
        settings.dsn, minsize=0, maxsize=settings.database_connections, command_timeout=_STATEMENT_TIMEOUT
    )


def _config(dsn: str, **pool: Any) -> dict[str, Any]:
    url = urlsplit(dsn)
    credentials = {
        "host": url.hostname,
        "port": url.port or 5432,
        "user": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "database": url.path.lstrip("/"),
        "timeout": _CONNECT_TIMEOUT,
        "application_name": "basket",
        **pool,
    }
    connection = {"engine": "tortoise.backends.asyncpg", "credentials": credentials}
    return {"connections": {CONNECTION: connection}, "apps": APPS, "use_tz": True, "timezone": "UTC"}


# for Tortoise's own command: `tortoise makemigrations` compares models and migrations without a server
TORTOISE_ORM = _config("postgresql://basket@127.0.0.1/basket")


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[None]:
    """For processes without Sanic."""
    async with TortoiseContext() as context:
        await context.init(tortoise_config(settings))
        yield


@asynccontextmanager
async def transaction() -> AsyncIterator[BaseDBAsyncClient]:
    """`in_transaction`, of which nothing stays behind, whatever fails.

    When BEGIN fails, or giving the connection back, Tortoise 1.1 leaves the dead connection as that of the
    task (ADR 0053). Sanic serves all requests of a keep-alive connection in one task, and the consumer is
    one: each would answer "connection is closed" for ever.
    """
    connections = get_connections()
    outside = connections.get(CONNECTION)
    begun = in_transaction(CONNECTION)
    try:
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(begun)
            except BaseException:
                if hasattr(begun, "token"):
                    # what it does with this error: no rollback, only the connection goes back to its pool
                    await begun.__aexit__(TransactionManagementError, None, None)
                raise
            yield connection
    finally:
        if connections.get(CONNECTION) is not outside:
            connections.set(CONNECTION, outside)


@asynccontextmanager
async def snapshot() -> AsyncIterator[BaseDBAsyncClient]:
    """All that is read inside is of one moment: a basket's version and its prices belong together."""
    async with transaction() as connection:
        await connection.execute_query("set transaction isolation level repeatable read, read only")
        yield connection


async def migrate(settings: Settings) -> None:
    """All that is due, in one transaction, on a connection without a request's time limits.

    Tortoise commits a migration first and notes it afterwards: a process killed in between would find it done
    and not noted. Inside of one transaction both are there or neither. The lock is the session's, released
    when the connection goes back to its pool, after the commit.
    """
    limits = {"minsize": 0, "maxsize": 1, "server_settings": {"lock_timeout": _LOCK_WAIT}}
    async with TortoiseContext() as context:
        await context.init(_config(settings.dsn, **limits))
        async with transaction() as connection:
            await connection.execute_query(LOCK_SQL)
            await connection.execute_query(_DDL_WAIT)
            # the executor asks for its table before it makes it, which would end the transaction
            await MigrationRecorder(connection).ensure_schema(AsyncpgSchemaEditor(connection, atomic=False))
            await MigrationExecutor(connection, APPS).migrate(direction="forward")
    logger.info("the schema is up to date")

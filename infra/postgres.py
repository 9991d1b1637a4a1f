"""Databases and roles: each role owns its database, and can't connect to another's."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg

from infra.definition import Database
from infra.waiting import patiently

NOT_YET = (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError)
type Connection = asyncpg.Connection


async def provision(url: str, databases: list[Database], secret: Callable[[str], str], within: float) -> None:
    password = secret("postgres/superuser_password")
    connection = await patiently(
        "PostgreSQL", lambda: asyncpg.connect(url, password=password, timeout=5), NOT_YET, within
    )
    try:
        # two provisioners at once would create the same role
        await connection.execute("select pg_advisory_lock(hashtext('bazaar.provision'))")
        for closed in ("postgres", "template1"):
            await connection.execute(f"revoke all on database {closed} from public")
        for database in databases:
            await make_role(connection, database, secret(database.password))
            await make_database(connection, database.name)
    finally:
        await connection.close()


async def make_role(connection: Connection, database: Database, password: str) -> None:
    name = identifier(database.name)
    if not await connection.fetchval("select 1 from pg_roles where rolname = $1", database.name):
        await connection.execute(f"create role {name}")
    # no placeholders in DDL: the server itself quotes the password
    quoted = await connection.fetchval("select quote_literal($1::text)", password)
    await connection.execute(
        f"alter role {name} login password {quoted} connection limit {database.connections}"
        " nosuperuser nocreatedb nocreaterole noreplication"
    )


async def make_database(connection: Connection, name: str) -> None:
    if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
        await connection.execute(f"create database {identifier(name)} owner {identifier(name)}")
    await connection.execute(f"revoke all on database {identifier(name)} from public")


def identifier(name: str) -> str:
    if not name.isidentifier():
        raise ValueError(f"not a plain name for a database: {name!r}")
    return f'"{name}"'

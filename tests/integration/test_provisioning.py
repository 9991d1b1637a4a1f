"""infra/ on real servers: what it makes, that it may run again, and whom it keeps out."""

from __future__ import annotations

import copy
import os
import uuid
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from bazaar_shared.testing import aeventually
from infra import definition, kafka, postgres, rabbitmq
from infra.definition import Database, Topic

WITHIN = 30.0
RIGHTS = ("configure", "write", "read")


def unique(name: str) -> str:
    return f"{name}_{uuid.uuid4().hex[:8]}"


@pytest.fixture
async def databases() -> AsyncIterator[list[Database]]:
    made = [Database(unique(name), f"{name}/password", connections=5) for name in ("mine", "other")]
    yield made
    admin = await asyncpg.connect(os.environ["TEST_POSTGRES_URL"])
    for database in made:
        await admin.execute(f'drop database if exists "{database.name}" with (force)')
        await admin.execute(f'drop role if exists "{database.name}"')
    await admin.close()


def secret(path: str) -> str:
    given = urlsplit(os.environ["TEST_POSTGRES_URL"])
    return given.password or "" if path == "postgres/superuser_password" else f"{path}'s \" secret"


async def connects(database: str, user: str, password: str) -> bool:
    server = urlsplit(os.environ["TEST_POSTGRES_URL"])
    try:
        connection = await asyncpg.connect(
            host=server.hostname, port=server.port, database=database, user=user, password=password
        )
    except asyncpg.PostgresError:
        return False
    await connection.close()
    return True


async def test_a_role_gets_into_its_own_database_and_no_other(databases: list[Database]) -> None:
    for _ in range(2):
        await postgres.provision(os.environ["TEST_POSTGRES_URL"], databases, secret, WITHIN)
    mine, other = databases
    assert await connects(mine.name, mine.name, secret(mine.password))
    assert not await connects(other.name, mine.name, secret(mine.password))
    assert not await connects("postgres", mine.name, secret(mine.password))
    assert not await connects("template1", mine.name, secret(mine.password))


async def test_a_role_may_make_its_tables_and_no_roles_or_databases(databases: list[Database]) -> None:
    await postgres.provision(os.environ["TEST_POSTGRES_URL"], databases, secret, WITHIN)
    server, mine = urlsplit(os.environ["TEST_POSTGRES_URL"]), databases[0]
    connection = await asyncpg.connect(
        host=server.hostname,
        port=server.port,
        database=mine.name,
        user=mine.name,
        password=secret(mine.password),
    )
    await connection.execute("create table thing (id int)")
    for statement in ("create role intruder", "create database intruded"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


async def test_rabbitmq_has_the_users_rights_and_policies_of_the_file() -> None:
    url = urlsplit(os.environ["TEST_RABBITMQ_MANAGEMENT_URL"])
    base = f"{url.scheme}://{url.hostname}:{url.port}"
    wanted = copy.deepcopy(dict(definition.load().rabbitmq))
    vhost = wanted["vhost"] = unique("bazaar")
    wanted["users"] = {unique(name): user for name, user in wanted["users"].items()}
    login = (url.username or "", url.password or "")
    async with httpx.AsyncClient(base_url=f"{base}/api", auth=login) as api:

        async def get(path: str) -> Any:
            return (await api.get(path)).json()

        try:
            for _ in range(2):
                await rabbitmq.provision(base, wanted, lambda _path: login[1], WITHIN, admin=login[0])
            rights = {entry["user"]: entry for entry in await get(f"/vhosts/{vhost}/permissions")}
            for name, user in wanted["users"].items():
                assert {right: rights[name][right] for right in RIGHTS} == {
                    right: user[right] for right in RIGHTS
                }
                assert (await get(f"/users/{name}"))["tags"] in ([], "")
            policies = {entry["name"] for entry in await get(f"/policies/{vhost}")}
            assert policies == set(wanted["policies"])
        finally:
            await api.delete(f"/vhosts/{vhost}")
            for name in wanted["users"]:
                await api.delete(f"/users/{name}")


async def test_topics_are_made_and_their_settings_brought_back() -> None:
    bootstrap = os.environ["TEST_KAFKA_BOOTSTRAP"]
    topic = Topic(unique("orders.order"), 3, 1, {"cleanup.policy": "delete", "retention.ms": "-1"})
    changed = Topic(topic.name, 3, 1, {**topic.settings, "retention.ms": "60000"})
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()

    async def kept_for(milliseconds: str) -> bool:
        (answer,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name)])
        return (
            next(entry[1] for entry in answer.resources[0][4] if entry[0] == "retention.ms") == milliseconds
        )

    try:
        for _ in range(2):
            await kafka.provision(bootstrap, [topic], WITHIN)
        (described,) = await client.describe_topics([topic.name])
        assert len(described["partitions"]) == 3
        for wanted in (topic, changed, topic):
            await kafka.provision(bootstrap, [wanted], WITHIN)
            await aeventually(lambda wanted=wanted: kept_for(wanted.settings["retention.ms"]))
        # keys that are on it already would go on elsewhere
        more = Topic(topic.name, 12, 1, topic.settings)
        told = await kafka.provision(bootstrap, [more], WITHIN)
        assert told == [f"{topic.name} has 3 partitions, not 12: left as it is"]
        assert await kafka.provision(bootstrap, [topic], WITHIN) == []
    finally:
        await client.delete_topics([topic.name])
        await client.close()

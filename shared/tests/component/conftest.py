import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiokafka.client
import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from bazaar_shared.inbox import INBOX_DDL
from bazaar_shared.outbox import OUTBOX_DDL
from bazaar_shared.testing import temporary_database

from .kit import Kafka, Line


def _address(name: str) -> str:
    address = os.environ.get(name)
    if not address:
        pytest.fail(
            f"{name} is not set; start the servers and the tests with: make test S=shared", pytrace=False
        )
    return address


@pytest.fixture(scope="session")
def postgres_url() -> str:
    return _address("TEST_POSTGRES_URL")


@pytest.fixture(scope="session")
def bootstrap() -> str:
    return _address("TEST_KAFKA_BOOTSTRAP")


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    with temporary_database(postgres_url, "test_shared", OUTBOX_DDL + INBOX_DDL) as url:
        yield url


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


@pytest.fixture
async def kafka(bootstrap: str) -> AsyncIterator[Kafka]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    kafka = Kafka(bootstrap, admin)
    yield kafka
    await kafka.close()


@pytest.fixture
async def line_to_kafka(bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    """The broker tells clients its own address: relays and consumers are kept on the line nevertheless."""
    host, _, port = bootstrap.partition(":")
    line = Line(host, int(port))
    await line.mend()
    create_conn = aiokafka.client.create_conn

    async def connect(host: str, port: int, *, client_id: str, **options: Any) -> Any:
        on_the_line = client_id.startswith(("relay-", "consumer-"))
        return await create_conn(host, line.port if on_the_line else port, client_id=client_id, **options)

    monkeypatch.setattr(aiokafka.client, "create_conn", connect)
    yield line
    await line.cut()

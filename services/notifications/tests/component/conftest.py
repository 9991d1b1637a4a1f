"""Real servers: PostgreSQL, RabbitMQ (a vhost each), Redis, Kafka, SMTP, and HTTP where others are asked."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
import redis
from notifications.migrate import migrate

from bazaar_shared.testing import temporary_database
from bazaar_shared.testing.processes import free_port
from bazaar_shared.testing.topics import make_topics

from .broker import Vhost, own_vhost
from .mailbox import Mailbox
from .market import Market
from .processes import Process, Start, begin_at_the_end
from .world import World

ROOT = Path(__file__).parents[4]
TOPICS = ("orders.order", "basket.basket", "reviews.review", "dead-letter.notifications")


def server(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set; start the servers: make test S=notifications", pytrace=False)
    return value


@pytest.fixture(scope="session")
def kafka() -> str:
    servers = server("TEST_KAFKA_BOOTSTRAP")
    make_topics(servers, *TOPICS)
    return servers


@pytest.fixture
def group(kafka: str) -> str:
    """Each test's own: what one that was killed had not committed is not told to the next test's database."""
    name = f"notifications-{uuid4()}"
    begin_at_the_end(kafka, name, *TOPICS)
    return name


@pytest.fixture
def database() -> Iterator[str]:
    with temporary_database(server("TEST_POSTGRES_URL"), "test_notifications") as url:
        migrate(url)
        yield url


@pytest.fixture
def rows(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def vhost() -> Iterator[Vhost]:
    with own_vhost(server("TEST_AMQP_URL"), server("TEST_RABBITMQ_MANAGEMENT_URL")) as own:
        yield own


@pytest.fixture
def market() -> Iterator[Market]:
    with Market().served() as market:
        yield market


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """An account with the rights that infra/redis.sh gives notifications, and no others."""
    url, name, password = server("TEST_REDIS_URL"), f"notifications-{uuid4()}", uuid4().hex
    rights = re.search(r'^rights="(.*)"$', (ROOT / "infra/redis.sh").read_text("utf-8"), re.MULTILINE)
    assert rights
    admin = redis.Redis.from_url(url)
    own = ("~notifications:*", "&notifications:*")
    admin.execute_command("ACL", "SETUSER", name, "on", f">{password}", *own, *rights[1].split())
    parts = urlsplit(url)
    yield urlunsplit(parts._replace(netloc=f"{name}:{password}@{parts.netloc.rpartition('@')[2]}"))
    admin.execute_command("ACL", "DELUSER", name)
    admin.close()


@pytest.fixture
def environment(
    database: str,
    vhost: Vhost,
    market: Market,
    mailbox: Mailbox,
    kafka: str,
    group: str,
    redis_url: str,
    tmp_path: Path,
) -> Iterator[dict[str, str]]:
    secret = tmp_path / "client_secret"
    secret.write_text("a secret of the tests")
    with mailbox.served(free_port()) as smtp_url:
        yield {
            "DATABASE_URL": database,
            "AMQP_URL": vhost.url,
            "REDIS_URL": redis_url,
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "KAFKA_GROUP": group,
            "IDENTITY_URL": market.url,
            "CATALOG_URL": market.url,
            "ORDERS_URL": market.url,
            "CLIENT_SECRET_FILE": str(secret),
            "SMTP_URL": smtp_url,
            "LEASE_SECONDS": "6",
            "RETRY_SECONDS": "0.4",
            "SCAN_SECONDS": "1",
            "PICTURE_WAIT_SECONDS": "4",
            "CONCURRENCY": "2",
            "FAULT_FILE": str(tmp_path / "fault"),
        }


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    started: list[Process] = []

    def run(command: str = "worker", **changes: str) -> Process:
        started.append(Process(command, **environment | changes))
        return started[-1]

    yield run
    # nobody waits for them: the group, the queues and the database are this test's own
    for process in started:
        process.kill()


@pytest.fixture
def world(
    environment: dict[str, str], rows: psycopg.Connection, market: Market, mailbox: Mailbox, kafka: str
) -> World:
    return World(environment, rows, market, mailbox, kafka)

import json
import os
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import pytest
from fulfillment.migrate import migrate_one
from fulfillment.settings import NAMEKO_SERVICES
from fulfillment.storage import open_database
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from support.processes import Process, running
from support.rpc import Rpc

from bazaar_shared.testing import temporary_database
from bazaar_shared.testing.processes import free_port
from component.helpers import add_product

NEEDED = ("TEST_POSTGRES_URL", "TEST_AMQP_URL", "TEST_RABBITMQ_MANAGEMENT_URL", "TEST_KAFKA_BOOTSTRAP")


def pytest_configure() -> None:
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        raise pytest.UsageError(f"{', '.join(missing)} not set; start the servers: make test S=fulfillment")


@pytest.fixture(scope="session")
def urls() -> Iterator[dict[str, str]]:
    """The four databases, migrated, for the processes that all tests share."""
    with ExitStack() as stack:
        found = {}
        for name in NAMEKO_SERVICES:
            found[name] = stack.enter_context(
                temporary_database(os.environ["TEST_POSTGRES_URL"], f"test_{name}")
            )
            migrate_one(name, found[name])
        yield found


@pytest.fixture
def fresh_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database for one test, migrated as the module's NAME says."""
    with temporary_database(os.environ["TEST_POSTGRES_URL"], f"test_{request.module.NAME}") as url:
        migrate_one(request.module.NAME, url)
        yield url


@pytest.fixture
def database(fresh_url: str) -> Iterator[sessionmaker[Session]]:
    engine = open_database(fresh_url, connections=50)
    yield sessionmaker(engine, expire_on_commit=False)
    engine.dispose()


@pytest.fixture(scope="session")
def engines(urls: dict[str, str]) -> Iterator[dict[str, Engine]]:
    """For looking into the shared databases."""
    opened = {name: open_database(url, connections=2) for name, url in urls.items()}
    yield opened
    for engine in opened.values():
        engine.dispose()


class Management:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.base = urlunsplit(parts._replace(netloc=f"{parts.hostname}:{parts.port}"))
        self.authorization = "Basic " + b64encode(f"{parts.username}:{parts.password}".encode()).decode()

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.base}/api{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": self.authorization, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            raw = response.read()
        return json.loads(raw) if raw else None


@pytest.fixture(scope="session")
def management() -> Management:
    return Management(os.environ["TEST_RABBITMQ_MANAGEMENT_URL"])


@contextmanager
def temporary_vhost(management: Management) -> Iterator[str]:
    name = f"test_fulfillment_{uuid4().hex[:8]}"
    management("PUT", f"/vhosts/{name}")
    user = urlsplit(os.environ["TEST_AMQP_URL"]).username or "guest"
    management("PUT", f"/permissions/{name}/{quote(user)}", {"configure": ".*", "write": ".*", "read": ".*"})
    yield name
    management("DELETE", f"/vhosts/{name}")


def amqp(vhost: str) -> str:
    return urlunsplit(urlsplit(os.environ["TEST_AMQP_URL"])._replace(path=f"/{vhost}"))


@pytest.fixture(scope="session")
def vhost(management: Management) -> Iterator[str]:
    with temporary_vhost(management) as name:
        yield name


@pytest.fixture(scope="session")
def amqp_url(vhost: str) -> str:
    return amqp(vhost)


@pytest.fixture
def own_vhost_url(management: Management) -> Iterator[str]:
    """For processes that a test kills: nobody else answers their calls."""
    with temporary_vhost(management) as name:
        yield amqp(name)


@pytest.fixture(scope="session")
def env(urls: dict[str, str], amqp_url: str) -> dict[str, str]:
    """The settings of every process: as in the deployment, but with less patience."""
    port = free_port()
    return {
        **{f"{name.upper()}_DATABASE_URL": url for name, url in urls.items()},
        "AMQP_URL": amqp_url,
        "KAFKA_BOOTSTRAP_SERVERS": os.environ["TEST_KAFKA_BOOTSTRAP"],
        "HTTP_PORT": str(port),
        "PROCESSOR_URL": f"http://127.0.0.1:{port}",
        "PROCESSOR_TIMEOUT_SECONDS": "1",
        "PROCESSOR_DELAY_SECONDS": "3",
        "RESOLVE_INTERVAL_SECONDS": "0.3",
        "RESOLVE_AFTER_SECONDS": "0.5",
        "SHIPPING_DEPARTURE_SECONDS": "1",
        "SHIPPING_TRANSIT_SECONDS": "1",
        "SHIPPING_INTERVAL_SECONDS": "0.2",
        "SHUTDOWN_SECONDS": "10",
    }


@pytest.fixture(scope="session")
def services(env: dict[str, str]) -> Iterator[dict[str, Process]]:
    """The four services, each a process of its own."""
    with ExitStack() as stack:
        started = {name: stack.enter_context(running(name, ready=False, **env)) for name in NAMEKO_SERVICES}
        yield {name: process.until_ready() for name, process in started.items()}


@pytest.fixture
def rpc(amqp_url: str, services: dict[str, Process]) -> Iterator[Rpc]:
    client = Rpc(amqp_url)
    yield client
    client.close()


@pytest.fixture
def order_id() -> str:
    return str(uuid4())


@pytest.fixture
def product(engines: dict[str, Engine]) -> str:
    """A product of its own with ten pieces."""
    return add_product(engines["inventory"], 10)

"""A real PostgreSQL, and replicas of the whole application on it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from identity.persistence import Base, make_engine
from identity.process import fill, prepare
from identity.settings import Settings
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from bazaar_shared import telemetry
from bazaar_shared.testing import temporary_database

from .world import Clock, CountingHasher, Replica, start_replica

CLIENT_SECRET = "a-random-secret-of-the-orders-service"


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    admin_url = os.environ.get("TEST_POSTGRES_URL")
    if not admin_url:
        pytest.exit("TEST_POSTGRES_URL is not set (start the servers: make test S=identity)", returncode=2)
    with temporary_database(admin_url, "test_identity") as url:
        yield url


@pytest.fixture(scope="session")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    clients = tmp_path_factory.mktemp("service_clients")
    (clients / "orders").write_text(CLIENT_SECRET + "\n")
    settings = Settings(
        database_url=database_url,
        key_encryption_key="a key encryption key for tests only",
        http_threads=4,
        service_clients_dir=clients,
    )
    telemetry.configure("identity", "test")
    prepare(settings)
    return settings


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Iterator[Engine]:
    engine = make_engine(settings)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _clean(engine: Engine, settings: Settings) -> Iterator[None]:
    """Every test begins with no account, one key and the service accounts."""
    yield
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"truncate {tables}"))
    with Session(engine) as db, db.begin():
        fill(db, settings)


@pytest.fixture(scope="session")
def _clock() -> Clock:
    return Clock()


@pytest.fixture
def clock(_clock: Clock) -> Clock:
    _clock.set_right()
    return _clock


@pytest.fixture(scope="session")
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture(scope="session")
def _replicas(settings: Settings, _clock: Clock, hasher: CountingHasher) -> Iterator[list[Replica]]:
    replicas = [start_replica(settings, _clock, hasher) for _ in range(2)]
    yield replicas
    for replica in replicas:
        replica.stop()


@pytest.fixture
def pair(_replicas: list[Replica], clock: Clock) -> list[Replica]:
    """Two replicas, each with connections of its own, as in processes of their own."""
    return _replicas


@pytest.fixture
def identity(pair: list[Replica]) -> Replica:
    return pair[0]


@pytest.fixture
def replica_with(
    settings: Settings, clock: Clock, hasher: CountingHasher
) -> Iterator[Callable[..., Replica]]:
    """Makes a replica with something changed or added to its configuration."""
    started: list[Replica] = []

    def start(*overrides: Callable[[Any], None]) -> Replica:
        started.append(start_replica(settings, clock, hasher, *overrides))
        return started[-1]

    yield start
    for replica in started:
        replica.stop()


@pytest.fixture
def repository() -> Path:
    return Path(__file__).parents[4]

"""A real PostgreSQL, the whole application on it, and tokens of an issuer of the tests' own."""

import os
from collections.abc import Iterator

import pytest
from flask import Flask
from reviews.app import create_app
from reviews.database import make_engine, make_sessions
from reviews.extensions import db
from reviews.migrate import migrate
from reviews.models import Base
from reviews.settings import Settings
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from bazaar_shared import telemetry
from bazaar_shared.testing import TokenForge, temporary_database

from .world import Market

THREADS = 8


def server(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set; start the servers: make test S=reviews", pytrace=False)
    return value


@pytest.fixture(scope="session", autouse=True)
def traced() -> None:
    telemetry.configure("reviews", "tests")


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    with temporary_database(server("TEST_POSTGRES_URL"), "test_reviews") as url:
        migrate(url)
        yield url


@pytest.fixture(scope="session")
def forge() -> TokenForge:
    return TokenForge()


@pytest.fixture(scope="session")
def jwks_url(forge: TokenForge) -> Iterator[str]:
    with forge.serving() as url:
        yield url


@pytest.fixture(scope="session")
def settings(database: str, jwks_url: str) -> Settings:
    return Settings(
        database_url=database,
        secret_key="a key for tests only",
        kafka_bootstrap_servers=os.environ.get("TEST_KAFKA_BOOTSTRAP", "127.0.0.1:1"),
        jwks_url=jwks_url,
        http_threads=THREADS,
    )


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    db.engine(app).dispose()


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Iterator[Engine]:
    engine = make_engine(settings, connections=10)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Iterator[sessionmaker[Session]]:
    """The database itself, to look and to prepare. Every test leaves it empty."""
    yield make_sessions(engine)
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"truncate {tables}"))


@pytest.fixture
def market(app: Flask, forge: TokenForge, sessions: sessionmaker[Session]) -> Market:
    return Market(app, forge, sessions)

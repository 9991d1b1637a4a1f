"""The whole application, with nobody to talk to: what needs no database is tested without one."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from reviews.app import create_app
from reviews.settings import Settings

from bazaar_shared import telemetry


@pytest.fixture(scope="session", autouse=True)
def traced() -> None:
    telemetry.configure("reviews", "tests")


@pytest.fixture(scope="session")
def app() -> Flask:
    return create_app(
        Settings(
            database_url="postgresql://nobody@127.0.0.1:1/nothing",
            secret_key="a key for tests only",
            kafka_bootstrap_servers="127.0.0.1:1",
            jwks_url="http://127.0.0.1:1/jwks.json",
        )
    )


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()

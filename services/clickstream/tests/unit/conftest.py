"""The application as Falcon's own test client sees it, before a topic that only remembers. No network."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from clickstream.app import create_app
from clickstream.flow import Permit
from clickstream.kafka import KafkaAway
from clickstream.settings import Settings, load
from falcon.testing import TestClient
from prometheus_client import CollectorRegistry

from bazaar_shared import telemetry
from bazaar_shared.envelope import Event

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class RecordedTopic:
    """Acknowledges at once, or refuses at once."""

    def __init__(self) -> None:
        self.available = True
        self.refusing = False
        self.records: list[tuple[str, Event, str | None]] = []
        self.raw: list[bytes] = []

    async def publish(self, key: bytes, values: list[bytes], traceparent: str | None, permit: Permit) -> None:
        if self.refusing:
            raise KafkaAway("told to")
        self.raw += values
        self.records += [(key.decode(), Event.from_json(value), traceparent) for value in values]


@pytest.fixture(scope="session", autouse=True)
def traced() -> None:
    telemetry.configure("clickstream", "tests")


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """A test may say what it wants otherwise: `parametrize("settings", [{…}], indirect=True)`."""
    return load(**{"kafka_bootstrap_servers": "127.0.0.1:1", **getattr(request, "param", {})})


@pytest.fixture
def topic() -> RecordedTopic:
    return RecordedTopic()


@pytest.fixture
def client(settings: Settings, topic: RecordedTopic) -> Iterator[TestClient]:
    app = create_app(settings, topic, CollectorRegistry())
    return TestClient(app, headers={"User-Agent": BROWSER})


def view(**other: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"id": str(uuid4()), "kind": "view", "at": now.isoformat(), "page": "/"} | other


def batch(*events: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {"session_id": str(uuid4()), "events": list(events or [view()])} | other


def ago(**how_long: float) -> str:
    return (datetime.now(UTC) - timedelta(**how_long)).isoformat()


type Post = Callable[..., Any]


@pytest.fixture
def post(client: TestClient) -> Post:
    def send(body: Any = None, **more: Any) -> Any:
        return client.simulate_post("/api/clickstream", json=batch() if body is None else body, **more)

    return send

"""The application without a broker: its tables in memory, what it would send in lists."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from faust.topics import Topic
from insights.acknowledged import Insights
from insights.app import create_app
from insights.settings import load
from insights.tables import Tables
from insights.topics import Topics

from bazaar_shared.management import Health

ENVIRONMENT = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "JWKS_URL": "http://127.0.0.1:1/",
    "CATALOG_URL": "http://127.0.0.1:1",
}


class Unit:
    def __init__(self, app: Insights, topics: Topics, tables: Tables) -> None:
        self.app = app
        self.topics = topics
        self.tables = tables
        self.sent: list[tuple[str, Any, Any]] = []

    def to(self, topic: str) -> list[Any]:
        return [value for name, _, value in self.sent if name == topic]


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    """Faust's own test context for agents; only what would go to Kafka is taken away from it."""
    settings = load({**ENVIRONMENT, "STATE_DIR": str(tmp_path)})
    unit = Unit(*create_app(settings, Health("streams"), store="memory://"))

    def send_soon(
        topic: Topic, *, key: Any = None, value: Any = None, partition: Any = None, **_: Any
    ) -> Any:
        unit.sent.append((topic.get_topic_name(), key, value))
        sent = unit.app.loop.create_future()
        sent.message = type("Message", (), {"partition": partition or 0})()
        return sent

    async def send(topic: Topic, *, key: Any = None, value: Any = None, **_: Any) -> Any:
        send_soon(topic, key=key, value=value)
        acknowledged = unit.app.loop.create_future()
        acknowledged.set_result(None)
        return acknowledged

    with patch.object(Topic, "send_soon", send_soon), patch.object(Topic, "send", send):
        yield unit

"""The services together on test servers: Testcontainers where an engine answers, native ones elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.integration.stage import Stage
from tests.integration.stage import stage as staged

NEEDED = (
    "TEST_POSTGRES_URL",
    "TEST_AMQP_URL",
    "TEST_RABBITMQ_MANAGEMENT_URL",
    "TEST_KAFKA_BOOTSTRAP",
    "TEST_REDIS_URL",
)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    missing = [name for name in NEEDED if name not in os.environ]
    if missing:
        pytest.exit(
            f"{', '.join(missing)} not set: python -m tests.servers -- python -m pytest tests/integration", 2
        )
    with staged(tmp_path_factory.mktemp("stage"), os.environ) as running:
        yield running

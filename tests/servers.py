"""The real servers that component tests need, started once for the whole run.

With a Docker engine they are Testcontainers; without one they are the same servers run natively, on free
ports and in a folder of their own. Either way the tests only see the addresses, in `TEST_…` variables.
`python -m tests.servers -- COMMAND` runs any command beside them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import yaml

from native.modes import engine_answers
from tests.kit.market import ROOT

Addresses = dict[str, str]


def image(service: str) -> str:
    """The image that docker-compose.yml names, so that tests and the system run the same server."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return compose["services"][service]["image"]


@contextmanager
def in_containers() -> Iterator[Addresses]:
    from tests.containers import kafka, postgres, rabbitmq

    with ExitStack() as stack:
        database = stack.enter_context(postgres(image("postgres")))
        broker = stack.enter_context(rabbitmq(image("rabbitmq")))
        stream = stack.enter_context(kafka(image("kafka")))
        yield {**database, **broker, **stream}


@contextmanager
def natively() -> Iterator[Addresses]:
    from native.bench import servers

    with servers(ROOT / ".bazaar" / "test-servers") as addresses:
        yield addresses


@contextmanager
def servers() -> Iterator[Addresses]:
    """Addresses of PostgreSQL, RabbitMQ and Kafka; those already in the environment are taken as they are."""
    given = {name: value for name, value in os.environ.items() if name.startswith("TEST_")}
    if {"TEST_POSTGRES_URL", "TEST_AMQP_URL", "TEST_KAFKA_BOOTSTRAP"} <= set(given):
        yield given
        return
    start = in_containers if engine_answers() else natively
    print(f"test servers: {'Testcontainers' if engine_answers() else 'native'}", flush=True)
    with start() as addresses:
        yield addresses


def main() -> int:
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    if not command:
        print(__doc__)
        return 2
    with servers() as addresses:
        return subprocess.run(command, env={**os.environ, **addresses}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

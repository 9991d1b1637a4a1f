"""The real servers that component tests need, started once for the whole run.

With a Docker engine they are Testcontainers; without one they are the same servers run natively, on free
ports and in a folder of their own. Either way the tests only see the addresses, in `TEST_…` variables.
`python -m tests.servers -- COMMAND` runs any command beside them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

import yaml

from native.modes import engine_answers
from native.paths import ROOT

Addresses = dict[str, str]
# by its name in docker-compose.yml, the variable that says where it is
VARIABLES = {
    "postgres": "TEST_POSTGRES_URL",
    "rabbitmq": "TEST_AMQP_URL",
    "kafka": "TEST_KAFKA_BOOTSTRAP",
    "redis": "TEST_REDIS_URL",
}


def image(service: str) -> str:
    """The image that docker-compose.yml names, so that tests and the system run the same server."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return str(compose["services"][service]["image"])


@contextmanager
def in_containers(names: Collection[str], _folder: str) -> Iterator[Addresses]:
    from tests import containers

    with ExitStack() as stack:
        started = [stack.enter_context(containers.START[name](image(name))) for name in names]
        yield {name: value for addresses in started for name, value in addresses.items()}


@contextmanager
def natively(names: Collection[str], folder: str) -> Iterator[Addresses]:
    from native import bench

    with bench.servers(ROOT / ".bazaar" / folder, names) as addresses:
        yield addresses


@contextmanager
def servers(names: Collection[str] = tuple(VARIABLES), folder: str = "test-servers") -> Iterator[Addresses]:
    """Addresses of servers; one that is in the environment already is taken as it is, and not started."""
    given = {name: value for name, value in os.environ.items() if name.startswith("TEST_")}
    missing = [name for name in names if VARIABLES[name] not in given]
    if not missing:
        yield given
        return
    start = in_containers if engine_answers() else natively
    how = "Testcontainers" if engine_answers() else "native"
    print(f"test servers: {', '.join(missing)} ({how})", flush=True)
    with start(missing, folder) as addresses:
        yield given | addresses


def main() -> int:
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    if not command or command[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if command else 2
    with servers() as addresses:
        return subprocess.run(command, env={**os.environ, **addresses}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

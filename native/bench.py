"""PostgreSQL, RabbitMQ and Kafka for tests: the market's own servers, on free ports, in their own folder.

    with servers(Path(".bazaar/test-servers")) as addresses: ...      # TEST_POSTGRES_URL, …

The folder goes when the block ends: nothing in it is meant to last.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from native import install, native_up
from native.modes import LOCAL
from native.native_mode import NativeMode, free_port
from native.paths import MARK, ROOT
from native.progress import showing
from native.readiness import NotReadyError, server_waits_for
from native.servers import postgres
from native.supervisor import wait
from native.translate import Translator

READY_WITHIN = 90.0
SERVERS = ("postgres", "rabbitmq", "kafka")
PORTS = ("postgres", "amqp", "management", "metrics", "dist", "epmd", "kafka", "controller")


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, str]]:
    mode = NativeMode()
    native_up.make_folders()
    with showing("Servers for the tests") as progress:
        install.servers([mode.compose.processes[name] for name in SERVERS], progress)
    folder = postgres.place_for(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o711, parents=True)
    ports = {name: free_port() for name in PORTS}
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for name, (command, settings) in commands(mode.translator, folder, ports).items():
            stack.enter_context(started(mode.translator, name, command, settings, folder))
        wait_for(ports, folder)
        yield addresses(ports)


def commands(
    how: Translator, folder: Path, ports: Mapping[str, int]
) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Of each server its command and what its environment has besides."""
    processes = how.compose.processes
    install_ = {name: how.placeholders(processes[name], "{install}") for name in SERVERS}
    data = folder / "postgres"
    user = how.user(processes["postgres"])
    postgres.initialise(Path(install_["postgres"]), data, "--locale=C.UTF-8", user, password="postgres")  # noqa: S106
    options = ["-c", "fsync=off", "-c", "max_connections=400", "-c", "unix_socket_directories="]
    server = [f"{install_['postgres']}/bin/postgres", "-D", str(data), "-p", str(ports["postgres"]), *options]
    rabbitmq = {
        "RABBITMQ_HOME": str(folder / "rabbitmq"),
        "RABBITMQ_NODENAME": f"test{ports['dist']}@localhost",
        "RABBITMQ_DIST_PORT": str(ports["dist"]),
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "RABBITMQ_PORTS": f"{ports['amqp']} {ports['management']} {ports['metrics']}",
    }
    kafka = {
        **how.environment(processes["kafka"]),
        "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@{LOCAL}:{ports['controller']}",
        "KAFKA_LISTENERS": f"INSIDE://{LOCAL}:{ports['kafka']},CONTROLLER://{LOCAL}:{ports['controller']}",
        "KAFKA_ADVERTISED_LISTENERS": f"INSIDE://{LOCAL}:{ports['kafka']}",
        "KAFKA_LOG_DIRS": str(folder / "kafka"),
    }
    run_kafka = [
        sys.executable,
        str(ROOT / "native/servers/kafka/run.py"),
        install_["kafka"],
        str(folder / "config"),
    ]
    return {
        "postgres": (server, {}),
        "rabbitmq": (["bash", str(ROOT / "native/servers/rabbitmq.sh")], rabbitmq),
        "kafka": (run_kafka, kafka),
    }


@contextmanager
def started(
    how: Translator, name: str, command: Sequence[str], settings: Mapping[str, str], folder: Path
) -> Iterator[None]:
    user = how.user(how.compose.processes[name])
    with (folder / f"{name}.log").open("wb") as log:
        child = subprocess.Popen(
            command,
            # not the market's mark: `make up` and `make down` would take them for its leftovers
            env={**os.environ, **settings, MARK: str(folder)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=user,
            extra_groups=[] if user else None,
            start_new_session=True,
        )
    try:
        yield
    finally:
        # all at once, and with what it started: the data is thrown away
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def wait_for(ports: Mapping[str, int], folder: Path) -> None:
    for name, kind in {
        "postgres": "tcp:{}",
        "management": f"http://{LOCAL}:{{}}/",
        "kafka": "tcp:{}",
    }.items():
        ready = kind.format(ports[name])
        if not wait(lambda ready=ready: server_waits_for(ready) is None, READY_WITHIN):
            logs = "\n".join(path.read_text(errors="replace")[-500:] for path in folder.glob("*.log"))
            raise NotReadyError(f"a server for the tests did not start ({ready}):\n{logs}")


def addresses(ports: Mapping[str, int]) -> dict[str, str]:
    return {
        "TEST_POSTGRES_URL": f"postgresql://postgres:postgres@{LOCAL}:{ports['postgres']}/postgres",
        "TEST_AMQP_URL": f"amqp://guest:guest@{LOCAL}:{ports['amqp']}/%2F",
        "TEST_RABBITMQ_MANAGEMENT_URL": f"http://guest:guest@{LOCAL}:{ports['management']}",
        "TEST_KAFKA_BOOTSTRAP": f"{LOCAL}:{ports['kafka']}",
    }

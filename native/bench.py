"""The market's own servers for tests and benchmarks: on free ports, in their own folder.

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
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Server:
    """How one is run, when it is ready, and what the tests are told of it."""

    command: list[str]
    ready: str
    addresses: dict[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def servers(folder: Path, names: Collection[str] | None = None) -> Iterator[dict[str, str]]:
    """Of all servers, or of those named."""
    mode = NativeMode()
    wanted = [name for name in SERVERS if names is None or name in names]
    native_up.make_folders()
    with showing("Servers for the tests") as progress:
        install.servers([mode.compose.processes[name] for name in wanted], progress)
    folder = of_this_run(postgres.place_for(folder))
    folder.mkdir(mode=0o711, parents=True)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        found = {name: SERVERS[name](mode.translator, folder) for name in wanted}
        for name, server in found.items():
            stack.enter_context(started(mode.translator, name, server.command, server.settings, folder))
        for server in found.values():
            wait_for(server.ready, folder)
        yield {name: value for server in found.values() for name, value in server.addresses.items()}


def of_this_run(folder: Path) -> Path:
    """One of its own: others may run theirs beside it. What a run that was killed has left goes."""
    for left in folder.parent.glob(f"{folder.name}-*"):
        if not Path(f"/proc/{left.name.rpartition('-')[2]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return folder.with_name(f"{folder.name}-{os.getpid()}")


def postgresql(how: Translator, folder: Path) -> Server:
    process, port, data = how.compose.processes["postgres"], free_port(), folder / "postgres"
    installed, user = Path(how.placeholders(process, "{install}")), how.user(process)
    postgres.initialise(installed, data, "--locale=C.UTF-8", user, password="postgres")  # noqa: S106
    options = ["-c", "fsync=off", "-c", "max_connections=400", "-c", "unix_socket_directories="]
    return Server(
        command=[str(installed / "bin/postgres"), "-D", str(data), "-p", str(port), *options],
        ready=f"tcp:{port}",
        addresses={"TEST_POSTGRES_URL": f"postgresql://postgres:postgres@{LOCAL}:{port}/postgres"},
    )


def rabbitmq(_how: Translator, folder: Path) -> Server:
    amqp, management, metrics, dist, epmd = (free_port() for _ in range(5))
    return Server(
        command=["bash", str(ROOT / "native/servers/rabbitmq.sh")],
        ready=f"http://{LOCAL}:{management}/",
        addresses={
            "TEST_AMQP_URL": f"amqp://guest:guest@{LOCAL}:{amqp}/%2F",
            "TEST_RABBITMQ_MANAGEMENT_URL": f"http://guest:guest@{LOCAL}:{management}",
        },
        settings={
            "RABBITMQ_HOME": str(folder / "rabbitmq"),
            "RABBITMQ_NODENAME": f"test{dist}@localhost",
            "RABBITMQ_DIST_PORT": str(dist),
            "ERL_EPMD_PORT": str(epmd),
            "RABBITMQ_PORTS": f"{amqp} {management} {metrics}",
        },
    )


def kafka(how: Translator, folder: Path) -> Server:
    process, port, controller = how.compose.processes["kafka"], free_port(), free_port()
    run = ROOT / "native/servers/kafka/run.py"
    return Server(
        command=[sys.executable, str(run), how.placeholders(process, "{install}"), str(folder / "config")],
        ready=f"tcp:{port}",
        addresses={"TEST_KAFKA_BOOTSTRAP": f"{LOCAL}:{port}"},
        settings={
            **how.environment(process),
            "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@{LOCAL}:{controller}",
            "KAFKA_LISTENERS": f"INSIDE://{LOCAL}:{port},CONTROLLER://{LOCAL}:{controller}",
            "KAFKA_ADVERTISED_LISTENERS": f"INSIDE://{LOCAL}:{port}",
            "KAFKA_LOG_DIRS": str(folder / "kafka"),
        },
    )


def redis(_how: Translator, folder: Path) -> Server:
    """With no accounts: a test that wants one makes it."""
    port = free_port()
    options = ["--bind", LOCAL, "--port", str(port), "--save", "", "--dir", str(folder)]
    return Server(
        command=["redis-server", *options],
        ready=f"tcp:{port}",
        addresses={"TEST_REDIS_URL": f"redis://{LOCAL}:{port}/0"},
    )


SERVERS: dict[str, Callable[[Translator, Path], Server]] = {
    "postgres": postgresql,
    "rabbitmq": rabbitmq,
    "kafka": kafka,
    "redis": redis,
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


def wait_for(ready: str, folder: Path) -> None:
    if not wait(lambda: server_waits_for(ready) is None, READY_WITHIN):
        logs = "\n".join(path.read_text(errors="replace")[-500:] for path in folder.glob("*.log"))
        raise NotReadyError(f"a server for the tests did not start ({ready}):\n{logs}")

"""Kafka for tests that take it away: a node of their own, and a line to it that can be cut, held or slowed.

The node is a container where a Docker engine answers, and the market's own native Kafka elsewhere.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import docker
import yaml
from docker.errors import DockerException
from testcontainers.core.container import DockerContainer

from bazaar_shared.testing import eventually
from bazaar_shared.testing.processes import free_port

ROOT = Path(__file__).resolve().parents[4]
LOCAL = "127.0.0.1"


class Node(Protocol):
    def stop(self) -> None: ...
    def start(self) -> None: ...


class OwnKafka:
    """Clients that begin at `line` are told to go on there: it is where the tests put their `Line`. `direct`
    is the way round it.
    """

    def __init__(self, line: int, target: int, direct: int, node: Node) -> None:
        self.line = line
        self.target = target
        self.direct = f"{LOCAL}:{direct}"
        self._direct_port = direct
        self._node = node

    def stop(self) -> None:
        self._node.stop()

    def start(self) -> None:
        self._node.start()
        eventually(lambda: answers(self._direct_port), within=120)


def answers(port: int) -> bool:
    """Docker's proxy takes connections for a server that is not there yet, and drops them."""
    import socket

    with suppress(OSError), socket.create_connection((LOCAL, port), timeout=1) as connection:
        connection.settimeout(1)
        # ApiVersions 0, correlation 1, no client id: any Kafka answers
        connection.sendall(bytes.fromhex("0000000a 0012 0000 00000001 ffff".replace(" ", "")))
        return len(connection.recv(4)) == 4
    return False


def listeners(line: int, target: int, direct: int, controller: int, host: str = "") -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@{LOCAL}:{controller}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": f"CONTROLLER://{host}:{controller},LINE://{host}:{target},DIRECT://{host}:{direct}",
        "KAFKA_ADVERTISED_LISTENERS": f"LINE://{LOCAL}:{line},DIRECT://{LOCAL}:{direct}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,LINE:PLAINTEXT,DIRECT:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "DIRECT",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_HEAP_OPTS": "-Xmx384m",
    }


class Container:
    def __init__(self, container: DockerContainer) -> None:
        self._container = container.get_wrapped_container()

    def stop(self) -> None:
        self._container.stop(timeout=30)

    def start(self) -> None:
        self._container.start()


class Child:
    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self._command = command
        self._env = os.environ | env
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            env=self._env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            self._process.wait(timeout=60)
            self._process = None


@contextmanager
def own_kafka() -> Iterator[OwnKafka]:
    line, target, direct, controller = (free_port() for _ in range(4))
    start = in_container if engine_answers() else natively
    with start(line, target, direct, controller) as node:
        kafka = OwnKafka(line, target, direct, node)
        kafka.start()
        yield kafka


def engine_answers() -> bool:
    try:
        return bool(docker.from_env(timeout=5).ping())
    except DockerException:
        return False


@contextmanager
def in_container(line: int, target: int, direct: int, controller: int) -> Iterator[Node]:
    # docker-compose.yml's image: tests and the system run the same server
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    container = DockerContainer(compose["services"]["kafka"]["image"])
    for name, value in listeners(line, target, direct, controller).items():
        container = container.with_env(name, value)
    for port in (target, direct):
        # on the loopback address only; `with_bind_ports` would listen on every interface
        container.ports[str(port)] = (LOCAL, port)  # type: ignore[assignment]
    with container:
        yield Container(container)


@contextmanager
def natively(line: int, target: int, direct: int, controller: int) -> Iterator[Node]:
    jars = ROOT / ".bazaar" / "install" / "kafka"
    assert jars.is_dir(), "no Docker engine answers, and there is no native Kafka: make test S=clickstream"
    with tempfile.TemporaryDirectory() as folder:
        env = listeners(line, target, direct, controller, host=LOCAL)
        env["KAFKA_LOG_DIRS"] = f"{folder}/data"
        run = ROOT / "native" / "servers" / "kafka" / "run.py"
        node = Child([sys.executable, str(run), str(jars), f"{folder}/config"], env)
        try:
            yield node
        finally:
            node.kill()


class Line:
    """TCP from `port` to `target`: cut and mended, held up (all is taken, nothing arrives), or slow."""

    def __init__(self, port: int, target: int) -> None:
        self._port = port
        self._target = target
        self._flows = asyncio.Event()
        self._flows.set()
        self.delay = 0.0
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._connect, LOCAL, self._port)

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._drop()

    def hold(self) -> None:
        self._flows.clear()

    def release(self) -> None:
        self._flows.set()

    async def close(self) -> None:
        await self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _drop(self) -> None:
        for end in tuple(self._ends):
            end.transport.abort()
        self._ends.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(LOCAL, self._target)
        except OSError:
            writer.transport.abort()
            return
        self._ends |= {writer, far_writer}
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await self._flows.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                sink.write(data)
                await sink.drain()
        sink.transport.abort()

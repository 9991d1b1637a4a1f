"""The one thing that tools and tests know about how the market runs: they work the same in both modes.

mode = Mode.detect()
books = mode.exec("orders", ["python", "-m", "orders", "export"])
mode.kill("orders-saga")
mode.restart("kafka")
mode.addresses().gateway
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Protocol

from native import compose
from native.compose import Compose
from native.paths import RUN

LOCAL = "127.0.0.1"
CHOSEN = RUN / "mode"  # written by `up`, removed by `down`


class ModeError(Exception):
    """What was asked for can't be done; the message says why in one line."""


class CommandError(ModeError):
    def __init__(self, command: Sequence[str], status: int, output: str) -> None:
        super().__init__(f"{' '.join(command)} ended with {status}: {output.strip()[-2000:]}")
        self.status = status
        self.output = output


@dataclass(frozen=True)
class ProcessState:
    name: str
    state: str  # running, starting, stopped, failed
    pid: int | None = None  # as this machine sees it
    memory_mib: int | None = None
    uptime_seconds: float | None = None
    restarts: int | None = None


@dataclass(frozen=True)
class Addresses:
    """Where things answer on this machine: the same ports in both modes."""

    http: Mapping[str, str]  # process -> http://127.0.0.1:8103
    management: Mapping[str, str]  # process -> http://127.0.0.1:9103
    postgres: str  # host:port
    amqp: str
    rabbitmq_management: str
    kafka: str
    prometheus: str
    mail: str  # the page with the mails that were caught
    redis: str

    @property
    def gateway(self) -> str:
        return self.http["gateway"]


class Twin(Protocol):
    def kill(self) -> None:
        """Ends it at once, with SIGKILL; nothing starts it again."""


class Mode(ABC):
    name: ClassVar[str]

    @staticmethod
    def detect(env: Mapping[str, str] = os.environ) -> Mode:
        """The mode the market runs in now; if it does not run, the one that `make up` would choose."""
        if CHOSEN.exists():
            return make(CHOSEN.read_text(encoding="utf-8").strip())
        return make(choose(env)[0])

    @cached_property
    def compose(self) -> Compose:
        return compose.load(environment())

    @abstractmethod
    def exec(
        self,
        service: str,
        command: Sequence[str],
        *,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> str:
        """Runs a service's command with its settings; gives its standard output, raises CommandError.

        `service` is a service (`fulfillment`) or a process (`payments`); `env` is set on top of its settings.
        """

    @abstractmethod
    def kill(self, process: str, sig: int = signal.SIGKILL) -> None:
        """Sends the signal to the process and its children. After a SIGKILL it is started again."""

    @abstractmethod
    def stop(self, process: str) -> None:
        """Ends it as its stop signal does, and leaves it stopped."""

    @abstractmethod
    def start(self, process: str) -> None: ...

    def restart(self, process: str) -> None:
        self.stop(process)
        self.start(process)

    @abstractmethod
    def states(self, *, memory: bool = False) -> list[ProcessState]:
        """Of all that keeps running, in the compose file's order; their memory only if asked for."""

    def ready(self, process: str) -> bool:
        from native.readiness import waits_for

        return waits_for(self.compose.processes[process]) is None

    @abstractmethod
    def another(self, process: str) -> AbstractContextManager[Twin]:
        """A second one of that process beside the first, until the block ends."""

    @abstractmethod
    def logs(self, processes: Sequence[str], *, follow: bool = False, lines: int = 100) -> int:
        """Shows the end of their logs on standard output; gives an exit status."""

    @abstractmethod
    def read_logs(self, process: str, *, lines: int = 1000) -> str:
        """The last lines it wrote, oldest first."""

    @abstractmethod
    def secret(self, path: str) -> str:
        """A secret by its path below the folder of secrets: `postgres/superuser_password`."""

    def addresses(self) -> Addresses:
        processes = self.compose.processes
        running = self.compose.running

        def url(port: int | None) -> str:
            return f"http://{LOCAL}:{port}"

        def published(name: str, inside: int) -> int:
            return processes[name].native_ports[inside]

        return Addresses(
            http={p.name: url(p.http_port) for p in running if p.http_port},
            management={p.name: url(p.management_port) for p in running if p.management_port},
            postgres=f"{LOCAL}:{published('postgres', 5432)}",
            amqp=f"{LOCAL}:{published('rabbitmq', 5672)}",
            rabbitmq_management=url(published("rabbitmq", 15672)),
            kafka=f"{LOCAL}:{published('kafka', 9092)}",
            prometheus=url(published("prometheus", 9090)),
            mail=url(published("mail", 1080)),
            redis=f"{LOCAL}:{published('redis', 6379)}",
        )


def make(name: str) -> Mode:
    from native.docker_mode import DockerMode
    from native.native_mode import NativeMode

    for known in (DockerMode, NativeMode):
        if known.name == name:
            return known()
    raise ModeError(f"MODE is docker or native, not {name!r}")


def choose(env: Mapping[str, str]) -> tuple[str, str]:
    """The mode, and why."""
    if wanted := env.get("MODE"):
        return wanted, f"MODE={wanted} was given"
    if (why := why_no_engine()) is None:
        return "docker", "a Docker engine answers"
    return "native", why


def native_supported() -> bool:
    from native.checks import platform_problems

    return not platform_problems()


def engine_answers() -> bool:
    return why_no_engine() is None


def why_no_engine() -> str | None:
    """None if Docker can be used, else what is missing."""
    if shutil.which("docker") is None:
        return "there is no docker command here"
    checks = {
        "no Docker engine answers": ["docker", "version", "--format", "{{.Server.Version}}"],
        "docker has no compose plugin": ["docker", "compose", "version"],
    }
    for missing, command in checks.items():
        try:
            done = subprocess.run(command, capture_output=True, timeout=20, check=False)
        except subprocess.TimeoutExpired:
            return missing
        if done.returncode != 0:
            return missing
    return None


def environment() -> dict[str, str]:
    """This process's environment over the file .env, as Compose does it."""
    from native.paths import ROOT

    return {**read_env_file(ROOT / ".env"), **os.environ}


def read_env_file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}

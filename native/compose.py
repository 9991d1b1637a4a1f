"""Reads docker-compose.yml: what runs, with which command, environment and ports.

Only what this project's file uses is understood: mappings for environments, lists for commands, short ports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from native.paths import ROOT

FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})")
PORT = re.compile(r"127\.0\.0\.1:(\d+):(\d+)")
DURATION = re.compile(r"(\d+)(s|m)")


class ComposeError(Exception):
    """docker-compose.yml says something that native mode can't do."""


@dataclass(frozen=True)
class Process:
    """One entry of `services:`; `environment` and `command` are as a container would see them."""

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ports: Mapping[int, int]  # in the container -> published on 127.0.0.1
    volumes: Mapping[str, str]  # path in the container -> name of a volume, or path in the repository
    service: str | None = None  # the folder in services/ it is made of
    stop_signal: str = "TERM"
    stop_seconds: int = 10
    native: Mapping[str, Any] = field(default_factory=dict)
    metrics_port: int | None = None

    @property
    def once(self) -> str | None:
        """When it is done, if it is work done once: before, servers, ready, never. None: it keeps running."""
        when: str | None = self.native.get("once")
        return when

    @property
    def is_server(self) -> bool:
        return not self.once and self.service is None

    @property
    def project(self) -> Path | None:
        return ROOT / "services" / self.service if self.service else None

    @property
    def http_port(self) -> int | None:
        return self._port("HTTP_PORT")

    @property
    def management_port(self) -> int | None:
        return self._port("MANAGEMENT_PORT")

    @property
    def native_ports(self) -> Mapping[int, int]:
        """In the container -> on 127.0.0.1 without Docker."""
        differing = {int(inside): int(here) for inside, here in self.native.get("ports", {}).items()}
        return {**self.ports, **differing}

    @property
    def listens_on(self) -> list[int]:
        return sorted({*self.native_ports.values(), *self.native.get("extra_ports", [])})

    def _port(self, name: str) -> int | None:
        return int(self.environment[name]) if name in self.environment else None


@dataclass(frozen=True)
class Compose:
    name: str
    processes: Mapping[str, Process]
    needs: Mapping[str, int]  # memory_mib, disk_mib: of native mode

    @cached_property
    def running(self) -> list[Process]:
        """What keeps running, in the file's order: servers first."""
        found = [process for process in self.processes.values() if not process.once]
        return sorted(found, key=lambda process: not process.is_server)

    @cached_property
    def servers(self) -> list[Process]:
        return [process for process in self.running if process.is_server]

    @cached_property
    def services(self) -> list[str]:
        """The folders of services/ that something here is made of."""
        return list(dict.fromkeys(p.service for p in self.processes.values() if p.service))

    def once(self, when: str) -> list[Process]:
        return [process for process in self.processes.values() if process.once == when]

    def of_service(self, service: str) -> list[Process]:
        return [process for process in self.running if process.service == service]

    def find(self, name: str) -> list[Process]:
        """A process by its name, or every process of a service: `orders-relay`, `fulfillment`."""
        if name in self.processes:
            return [self.processes[name]]
        if found := self.of_service(name):
            return found
        known = ", ".join(sorted({*self.services, *(process.name for process in self.running)}))
        raise ComposeError(f"nothing here is called {name!r}; there are: {known}")

    def main_process(self, service: str) -> Process:
        """The process whose environment a command of this service gets."""
        if service in self.processes:
            return self.processes[service]
        return self.find(service)[0]


def load(env: Mapping[str, str], path: Path = FILE) -> Compose:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    processes = {name: process(name, raw, env) for name, raw in document["services"].items()}
    return Compose(document["name"], processes, document["x-native"]["needs"])


def process(name: str, raw: Mapping[str, Any], env: Mapping[str, str]) -> Process:
    build_args = raw.get("build", {}).get("args", {})
    return Process(
        name=name,
        image=raw["image"],
        command=tuple(interpolate(str(part), env) for part in raw.get("command", ())),
        environment={key: interpolate(str(value), env) for key, value in raw.get("environment", {}).items()},
        ports=dict(port(name, text) for text in raw.get("ports", ())),
        volumes=dict(volume(text) for text in raw.get("volumes", ())),
        service=build_args.get("SERVICE"),
        stop_signal=raw.get("stop_signal", "SIGTERM").removeprefix("SIG"),
        stop_seconds=seconds(raw.get("stop_grace_period", "10s")),
        native=raw.get("x-native", {}),
        metrics_port=raw.get("x-metrics", {}).get("port"),
    )


def interpolate(text: str, env: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        dollar, name, default = match.groups()
        return "$" if dollar else env.get(name) or default or ""

    return VARIABLE.sub(value, text)


def port(name: str, text: str) -> tuple[int, int]:
    match = PORT.fullmatch(text)
    if match is None:
        raise ComposeError(f"{name}: publish ports as 127.0.0.1:HOST:CONTAINER, not {text}")
    return int(match[2]), int(match[1])


def volume(text: str) -> tuple[str, str]:
    source, target, *_ = text.split(":")
    return target, source


def seconds(text: str) -> int:
    match = DURATION.fullmatch(text)
    if match is None:
        raise ComposeError(f"a duration is like 30s or 2m, not {text}")
    return int(match[1]) * (60 if match[2] == "m" else 1)

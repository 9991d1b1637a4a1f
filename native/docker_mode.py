"""The market as containers of Docker Compose."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from native.modes import CommandError, Mode, ModeError, ProcessState, Twin
from native.paths import ROOT

COMPOSE = ("docker", "compose", "--project-directory", str(ROOT))


class DockerMode(Mode):
    name = "docker"

    def exec(
        self,
        service: str,
        command: Sequence[str],
        *,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> str:
        process = self.compose.main_process(service).name
        settings = [part for name, value in (env or {}).items() for part in ("-e", f"{name}={value}")]
        # the process itself may be stopped or dying: a container of its own serves as well
        running = any(state.name == process and state.state == "running" for state in self.states())
        how = ["exec", "-T"] if running else ["run", "--rm", "--no-deps", "-T"]
        return output([*COMPOSE, *how, *settings, process, *command], stdin=stdin, timeout=timeout)

    def kill(self, process: str, sig: int = signal.SIGKILL) -> None:
        # `docker kill` counts as a wish to stop, and nothing would start it again. From inside, all but the
        # container's init get the signal; init then ends with them, and the restart policy does its work.
        output(["docker", "exec", self._container(process)["ID"], "sh", "-c", f"kill -{int(sig)} -1"])

    def stop(self, process: str) -> None:
        output([*COMPOSE, "stop", process], timeout=180)

    def start(self, process: str) -> None:
        output([*COMPOSE, "start", process])

    def states(self, *, memory: bool = False) -> list[ProcessState]:
        containers = {found["Service"]: found["ID"] for found in self._containers()}
        wanted = {process.name: containers.get(process.name, "") for process in self.compose.running}
        there = [container for container in wanted.values() if container]
        details = self._inspect(there)
        used = memory_mib(there) if memory else {}
        return [
            replace(state_of(name, details.get(container)), memory_mib=used.get(container))
            for name, container in wanted.items()
        ]

    @contextmanager
    def another(self, process: str) -> Iterator[Twin]:
        twin = Container(output([*COMPOSE, "run", "--detach", "--no-deps", process]).split()[-1])
        try:
            yield twin
        finally:
            output(["docker", "rm", "--force", twin.id])

    def logs(self, processes: Sequence[str], *, follow: bool = False, lines: int = 100) -> int:
        names = [found.name for name in processes for found in self.compose.find(name)]
        command = [*COMPOSE, "logs", "--tail", str(lines), *(["--follow"] if follow else []), *names]
        return subprocess.run(command, check=False).returncode

    def read_logs(self, process: str, *, lines: int = 1000) -> str:
        return output([*COMPOSE, "logs", "--no-log-prefix", "--no-color", "--tail", str(lines), process])

    def secret(self, path: str) -> str:
        # the one-shot's image and volume: nobody else may read every secret
        command = [*COMPOSE, "run", "--rm", "--no-deps", "-T", "secrets", "cat", f"/run/secrets/{path}"]
        return output(command).strip()

    def _containers(self) -> list[dict[str, Any]]:
        lines = output([*COMPOSE, "ps", "--all", "--format", "json"]).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def _container(self, process: str) -> dict[str, Any]:
        for found in self._containers():
            if found["Service"] == process:
                return found
        raise ModeError(f"{process} has no container: is the market up?")

    def _inspect(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        found = json.loads(output(["docker", "inspect", *ids])) if ids else []
        return {short: details for details in found for short in ids if details["Id"].startswith(short)}


@dataclass(frozen=True)
class Container:
    id: str

    def kill(self) -> None:
        output(["docker", "kill", self.id])


def memory_mib(containers: Sequence[str]) -> dict[str, int]:
    if not containers:
        return {}
    lines = output(["docker", "stats", "--no-stream", "--format", "{{json .}}", *containers]).splitlines()
    # "83.4MiB / 256MiB"
    used = {found["ID"]: found["MemUsage"].split()[0] for found in map(json.loads, lines)}
    return {container: mebibytes(text) for container, text in used.items()}


def mebibytes(text: str) -> int:
    match = re.fullmatch(r"([\d.]+)(B|KiB|MiB|GiB)", text)
    if match is None:
        return 0
    return int(float(match[1]) * {"B": 0, "KiB": 0, "MiB": 1, "GiB": 1024}[match[2]])


def state_of(name: str, details: Mapping[str, Any] | None) -> ProcessState:
    if details is None:
        return ProcessState(name, "stopped")
    state = details["State"]
    health = state.get("Health", {}).get("Status", "healthy")
    words = {"running": "running" if health == "healthy" else "starting", "restarting": "starting"}
    started = datetime.fromisoformat(state["StartedAt"][:19]).replace(tzinfo=UTC)
    running = state["Status"] == "running"
    return ProcessState(
        name=name,
        state=words.get(state["Status"], "stopped" if state.get("ExitCode") == 0 else "failed"),
        pid=state["Pid"] or None,
        uptime_seconds=(datetime.now(UTC) - started).total_seconds() if running else None,
        restarts=details["RestartCount"],
    )


def output(command: Sequence[str], *, stdin: str | None = None, timeout: float = 120) -> str:
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT
    )
    if done.returncode != 0:
        raise CommandError(command, done.returncode, done.stderr or done.stdout)
    return done.stdout

"""The market as processes of this machine, under one supervisor."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from native import proc
from native.modes import LOCAL, CommandError, Mode, ModeError, ProcessState, Twin
from native.paths import LOGS, ROOT, SECRETS
from native.supervisor import Supervisor
from native.translate import Translator

STATES = {
    "RUNNING": "running",
    "STARTING": "starting",
    "BACKOFF": "failed",
    "FATAL": "failed",
    "EXITED": "failed",
}


class NativeMode(Mode):
    name = "native"

    @cached_property
    def supervisor(self) -> Supervisor:
        return Supervisor()

    @cached_property
    def translator(self) -> Translator:
        return Translator(self.compose)

    def exec(
        self,
        service: str,
        command: Sequence[str],
        *,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> str:
        process = self.compose.main_process(service)
        words = list(command)
        if words[0] == "python":
            words[0] = str(self.translator.python(process))
        settings = {**self.translator.environment(process), **(env or {})}
        done = subprocess.run(
            words,
            input=stdin,
            env=settings,
            cwd=process.project or ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode != 0:
            raise CommandError(command, done.returncode, done.stderr or done.stdout)
        return done.stdout

    def kill(self, process: str, sig: int = signal.SIGKILL) -> None:
        pid = self._info(process)["pid"]
        if not pid:
            raise ModeError(f"{process} does not run")
        for member in proc.family(pid):
            with contextlib.suppress(ProcessLookupError):  # it went with its parent
                os.kill(member, sig)

    def stop(self, process: str) -> None:
        self._info(process)
        self.supervisor.stop(process)

    def start(self, process: str) -> None:
        self._info(process)
        self.supervisor.start(process)

    def states(self, *, memory: bool = False) -> list[ProcessState]:
        infos = self.supervisor.states() if self.supervisor.alive() else {}
        found = [state_of(process.name, infos.get(process.name)) for process in self.compose.running]
        if not memory:
            return found
        return [
            replace(state, memory_mib=proc.memory_mib(state.pid)) if state.pid else state for state in found
        ]

    @contextmanager
    def another(self, process: str) -> Iterator[Twin]:
        original = self.compose.processes[process]
        settings = {**self.translator.environment(original), "MANAGEMENT_PORT": str(free_port())}
        with log_file(f"{process}-twin").open("ab") as log:
            child = subprocess.Popen(
                self.translator.command(original),
                env=settings,
                cwd=self.translator.directory(original),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(original.stop_seconds)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def logs(self, processes: Sequence[str], *, follow: bool = False, lines: int = 100) -> int:
        names = [found.name for name in processes for found in self.compose.find(name)]
        files = [LOGS / f"{name}.log" for name in names or [p.name for p in self.compose.running]]
        there = [str(path) for path in files if path.exists()]
        if not there:
            raise ModeError(f"no logs yet in {LOGS}: is the market up?")
        # -F goes on when the supervisor rotates the file
        command = ["tail", "-n", str(lines), *(["-F"] if follow else []), *there]
        try:
            return subprocess.run(command, check=False).returncode
        except KeyboardInterrupt:
            return 0

    def read_logs(self, process: str, *, lines: int = 1000) -> str:
        # the supervisor has laid the older half aside when the file became too large
        files = [log_file(process).with_suffix(".log.1"), log_file(process)]
        written = [path.read_text(encoding="utf-8", errors="replace") for path in files if path.exists()]
        return "\n".join("".join(written).splitlines()[-lines:])

    def secret(self, path: str) -> str:
        return (SECRETS / path).read_text(encoding="utf-8").strip()

    def _info(self, process: str) -> Mapping[str, int]:
        if not self.supervisor.alive():
            raise ModeError("the market is not up: `make up MODE=native`")
        infos = self.supervisor.states()
        if process not in infos:
            raise ModeError(f"no process is called {process!r}; there are: {', '.join(sorted(infos))}")
        return infos[process]


def state_of(name: str, info: Mapping[str, int | str] | None) -> ProcessState:
    if info is None:
        return ProcessState(name, "stopped")
    pid = int(info["pid"]) or None
    return ProcessState(
        name=name,
        state=STATES.get(str(info["statename"]), "stopped"),
        pid=pid,
        uptime_seconds=time.time() - int(info["start"]) if pid else None,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        return int(probe.getsockname()[1])


def log_file(process: str) -> Path:
    return LOGS / f"{process}.log"

"""supervisord, from PyPI: starts every native process, restarts what dies, is asked over a Unix socket."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from native import proc
from native.compose import Process
from native.paths import LOGS, ROOT, RUN

PID_FILE = RUN / "supervisord.pid"
CONFIG_FILE = RUN / "supervisord.conf"
OUTPUT = LOGS / "supervisord.out"
ALREADY_STARTED, NOT_RUNNING = 60, 70  # supervisor.xmlrpc.Faults
UNSPEAKABLE = re.compile(r"\n|\s[;#]")
SOCKET_PATH_LIMIT = 100  # the kernel's is 108


class SupervisorError(Exception):
    """The supervisor did not do what it was asked to."""


@dataclass(frozen=True)
class Program:
    """All that supervisord must know of one process."""

    process: Process
    command: list[str]
    environment: Mapping[str, str]
    directory: Path
    user: str | None = None


def socket_path() -> Path:
    path = RUN / "supervisor.sock"
    if len(str(path)) < SOCKET_PATH_LIMIT:
        return path
    short = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
    return Path(f"/tmp/bazaar-{os.getuid()}-{short}.sock")  # noqa: S108 - the socket's mode is 0700


def configuration(programs: Iterable[Program]) -> str:
    daemon = f"""\
; made from docker-compose.yml by native/supervisor.py
[supervisord]
logfile={LOGS}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile={PID_FILE}
childlogdir={LOGS}
directory={ROOT}
identifier=bazaar
{"user=root" if os.getuid() == 0 else ""}

[unix_http_server]
file={socket_path()}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
    return "\n".join([daemon, *map(program_section, programs)])


def program_section(program: Program) -> str:
    process = program.process
    lines = {
        "command": " ".join(map(word, program.command)),
        "directory": str(program.directory),
        "environment": ",".join(
            f"{name}={quoted(value)}" for name, value in sorted(program.environment.items())
        ),
        "autostart": "false",
        "autorestart": "true",
        "startsecs": "1",
        "startretries": "1000000",  # as `restart: unless-stopped`
        "stopsignal": process.stop_signal,
        "stopwaitsecs": str(process.stop_seconds),
        "stopasgroup": "false",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": f"{LOGS}/{process.name}.log",
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "2",
        "umask": "077",
    }
    if program.user:
        lines["user"] = program.user
    body = "\n".join(f"{name}={value}" for name, value in lines.items())
    return f"[program:{process.name}]\n{body}\n"


def quoted(text: str) -> str:
    """A value of `environment=`. Supervisor knows no escapes there, and takes ` ;` and ` #` for comments."""
    if '"' in text or text.strip("'") != text or UNSPEAKABLE.search(text):
        raise SupervisorError(f"supervisor's configuration can't hold this value: {text!r}")
    return '"' + text.replace("%", "%%") + '"'


def word(text: str) -> str:
    """A word of `command=`, which is split as a shell does."""
    if UNSPEAKABLE.search(text):
        raise SupervisorError(f"supervisor's configuration can't hold this word: {text!r}")
    return shlex.quote(text).replace("%", "%%")


class Supervisor:
    @property
    def rpc(self) -> Any:
        """A connection for each call: a transport is of no use after an error, nor to two threads."""
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(serverurl=f"unix://{socket_path()}")
        return ServerProxy("http://127.0.0.1", transport=transport).supervisor

    def alive(self) -> bool:
        try:
            return bool(self.rpc.getState()["statename"] == "RUNNING")
        except (OSError, Fault):
            return False

    def launch(self) -> None:
        """Starts supervisord, detached from this terminal; no program starts yet."""
        if self.alive():
            return
        socket_path().unlink(missing_ok=True)
        log = OUTPUT.open("w")
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(CONFIG_FILE)]
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        wait(lambda: self.alive() or child.poll() is not None, 20)
        if child.poll() is not None or not self.alive():
            raise SupervisorError(f"supervisord did not start: {OUTPUT.read_text()[-500:]}")

    def reload(self) -> None:
        """Takes the configuration file's changes over; what did not change runs on."""
        added, changed, removed = self.rpc.reloadConfig()[0]
        for name in [*changed, *removed]:
            self.rpc.stopProcessGroup(name)
            self.rpc.removeProcessGroup(name)
        for name in [*added, *changed]:
            self.rpc.addProcessGroup(name)

    def start(self, name: str) -> None:
        try:
            self.rpc.startProcess(name, False)
        except Fault as fault:
            if fault.faultCode != ALREADY_STARTED:
                raise SupervisorError(f"{name}: {fault.faultString}") from fault

    def stop(self, name: str, *, wait: bool = True) -> None:
        try:
            self.rpc.stopProcess(name, wait)
        except Fault as fault:
            if fault.faultCode != NOT_RUNNING:
                raise SupervisorError(f"{name}: {fault.faultString}") from fault

    def states(self) -> dict[str, dict[str, Any]]:
        return {info["name"]: info for info in self.rpc.getAllProcessInfo()}

    def state(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.rpc.getProcessInfo(name)
        return found

    def shutdown(self) -> None:
        pid = self.rpc.getPID()
        self.rpc.shutdown()
        wait(lambda: not proc.lives(pid), 90)


def wait(condition: Any, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False

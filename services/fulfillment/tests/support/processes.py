"""Fulfillment's real processes, started as the deployment starts them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bazaar_shared.testing import eventually

READY_WITHIN = 40


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    def __init__(self, command: str, env: Mapping[str, str], log: Path) -> None:
        self.command, self.log_path = command, log
        self.port = free_port()
        self.env = {
            "PATH": os.environ["PATH"],
            "PYTHONWARNINGS": "ignore",
            "MANAGEMENT_PORT": str(self.port),
            **env,
        }
        self.popen = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "fulfillment", self.command], env=self.env, stdout=out, stderr=out
            )

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def is_ready(self) -> bool:
        assert self.popen.poll() is None, f"{self.command} ended: {self.log_path.read_text()[-3000:]}"
        return self.get("/health/ready")[0] == 200

    def wait_ready(self) -> "Process":
        eventually(self.is_ready, within=READY_WITHIN, every=0.1)
        return self

    def terminate(self) -> tuple[int, float]:
        """SIGTERM; the exit code and how long it took."""
        began = time.monotonic()
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(timeout=30), time.monotonic() - began

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait(timeout=10)

    def start_again(self) -> "Process":
        self.popen = self._start()
        return self.wait_ready()

    def log(self) -> list[dict[str, Any]]:
        lines = self.log_path.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextmanager
def running(command: str, env: Mapping[str, str], folder: Path, *, ready: bool = True) -> Iterator[Process]:
    process = Process(command, env, folder / f"{command}-{free_port()}.log")
    try:
        yield process.wait_ready() if ready else process
    finally:
        if process.popen.poll() is None:
            process.kill()

"""The worker and the commands, as they are started."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from bazaar_shared.testing import eventually

START = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Worker:
    def __init__(self, log: Path, **env: str) -> None:
        self.management = free_port()
        self.http = free_port()
        ports = {"MANAGEMENT_PORT": str(self.management), "HTTP_PORT": str(self.http)}
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "insights", "serve"],
            env=dict(os.environ) | ports | env,
            stdout=self._log,
            stderr=self._log,
        )

    def get(self, path: str, token: str | None = None) -> tuple[int, Any]:
        """Of the API; status 0 when nobody answers."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        status, body = self._get(f"http://127.0.0.1:{self.http}/api/insights{path}", headers)
        return status, json.loads(body) if body else None

    def managed(self, path: str) -> tuple[int, str]:
        return self._get(f"http://127.0.0.1:{self.management}{path}", {})

    def metric(self, start: str) -> float:
        """The sum of the samples whose line begins so."""
        lines = self.managed("/metrics")[1].splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(start))

    def _get(self, url: str, headers: dict[str, str]) -> tuple[int, str]:
        try:
            with urlopen(Request(url, headers=headers), timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except (URLError, OSError):
            return 0, ""

    def is_ready(self) -> bool:
        return self.managed("/health/ready")[0] == 200

    def until_ready(self) -> "Worker":
        def ready() -> bool:
            if self.ended is not None:
                raise RuntimeError(f"the worker has ended with {self.ended}: see {self._log.name}")
            status, body = self.managed("/health/ready")
            assert status == 200, body
            return True

        eventually(ready, within=START, every=0.2)
        return self

    @property
    def ended(self) -> int | None:
        return self._process.poll()

    def stop(self) -> int:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=40)
        finally:
            self._log.close()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(timeout=10)


def command(name: str, env: dict[str, str]) -> str:
    """What it printed; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", "insights", name],
        env=dict(os.environ) | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout

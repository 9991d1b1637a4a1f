"""The service's processes, as they are started."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from bazaar_shared.testing import eventually


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Process:
    def __init__(self, *command: str, **env: str) -> None:
        self.management = free_port()
        self.http = free_port()
        ports = {"MANAGEMENT_PORT": str(self.management), "HTTP_PORT": str(self.http)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chat", *command],
            env=dict(os.environ) | ports | env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.http}"

    @property
    def url(self) -> str:
        return f"http://{self.address}/api/chat"

    def get(self, path: str) -> tuple[int, str]:
        """Of the management port; status 0 when nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.management}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except (URLError, OSError):
            return 0, ""

    def metric(self, name: str) -> float:
        """A sample's value by its name with labels; 0 when there is none yet."""
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        return 0.0

    def is_ready(self) -> bool:
        return self.get("/health/ready")[0] == 200

    @property
    def ended(self) -> int | None:
        return self._process.poll()

    def signal(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        self.signal()
        return self._process.wait(timeout=40)

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(*command: str, ready: bool = True, **env: str) -> Iterator[Process]:
    process = Process(*command, **env)
    try:
        if ready:
            eventually(process.is_ready, within=60)
        yield process
    finally:
        process.kill()

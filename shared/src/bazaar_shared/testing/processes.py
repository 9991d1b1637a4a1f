"""A service's processes as they are started: real ones, on ports of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from bazaar_shared.testing import eventually

STARTS_WITHIN = 90.0
STOPS_WITHIN = 40.0
# of the tests' own environment: the rest is told to each process
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


class Process:
    """`python -m <module> <command>`; a service's tests name the module, and where its API begins."""

    module: ClassVar[str]
    base: ClassVar[str] = ""

    def __init__(self, *command: str, **env: str) -> None:
        self.http, self.management = free_port(), free_port()
        ports = {"HTTP_PORT": str(self.http), "MANAGEMENT_PORT": str(self.management)}
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._env = kept | ports | env
        self._command = [sys.executable, "-m", *self.starts(*command)]
        # read to the end of the test, whenever the process ended
        self._output = tempfile.TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self._output.close)
        self.child = self._start()

    def starts(self, *command: str) -> list[str]:
        """The module and its arguments; the ports are known by now."""
        return [self.module, *command]

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own module
            self._command, env=self._env, stdout=self._output, stderr=subprocess.STDOUT
        )

    def start_again(self) -> Self:
        """After its end, on the same ports."""
        self.child = self._start()
        return self.until_ready()

    @classmethod
    @contextmanager
    def running(cls, *command: str, ready: bool = True, **env: str) -> Iterator[Self]:
        process = cls(*command, **env)
        try:
            yield process.until_ready() if ready else process
        finally:
            process.kill()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.http}"

    @property
    def url(self) -> str:
        return f"http://{self.address}{self.base}"

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def ended(self) -> int | None:
        return self.child.poll()

    def managed(self, path: str) -> tuple[int, str]:
        """What the management port answers; status 0 when nobody does."""
        try:
            with urlopen(f"http://127.0.0.1:{self.management}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except (URLError, OSError):
            return 0, ""

    def metric(self, name: str) -> float:
        """The sum of the samples of that name, and of the labels it may go on with; 0 when there is none."""
        begins = name if "{" in name else f"{name}{{"
        samples = (line.rpartition(" ") for line in self.managed("/metrics")[1].splitlines())
        return sum(float(value) for found, _, value in samples if found == name or found.startswith(begins))

    def is_ready(self) -> bool:
        if self.ended is not None:
            # no AssertionError, which would be waited for: it will not get better
            raise RuntimeError(f"ended with {self.ended}:\n{self.printed()}")
        return self.managed("/health/ready")[0] == 200

    def until_ready(self, within: float = STARTS_WITHIN) -> Self:
        eventually(self.is_ready, within=within)
        return self

    def printed(self) -> str:
        # the child writes at the place where a shared file is read: one is read without moving it
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode(errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.printed().splitlines() if line.startswith("{")]

    def signal(self) -> None:
        self.child.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        self.signal()
        return self.child.wait(timeout=STOPS_WITHIN)

    def kill(self) -> None:
        if self.ended is None:
            self.child.kill()
        self.child.wait(timeout=10)

"""Who is ready, and what the others wait for."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence

from native.compose import Process
from native.progress import Progress

PAUSE = 0.3
LOCAL = "127.0.0.1"


class NotReadyError(Exception):
    """Somebody did not become ready in time; says who, and why."""


def waits_for(process: Process) -> str | None:
    """None if it is ready, else what it says it waits for."""
    if process.is_server:
        return server_waits_for(process.native.get("ready", ""))
    return process_waits_for(f"http://{LOCAL}:{process.management_port}/health/ready")


def server_waits_for(ready: str) -> str | None:
    kind, _, rest = ready.partition(":")
    if kind == "tcp":
        return None if connects(int(rest)) else "its port"
    try:
        with urllib.request.urlopen(ready, timeout=2):  # noqa: S310 - an address from docker-compose.yml
            return None
    except urllib.error.HTTPError as error:
        return f"status {error.code}"
    except OSError:
        return "its port"


def connects(port: int) -> bool:
    try:
        with socket.create_connection((LOCAL, port), timeout=1):
            return True
    except OSError:
        return False


def process_waits_for(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=3):  # noqa: S310 - always on 127.0.0.1
            return None
    except urllib.error.HTTPError as error:
        return failing_checks(error.read())
    except OSError:
        return "its management port"


def failing_checks(body: bytes) -> str:
    try:
        checks = json.loads(body)["checks"]
        return ", ".join(name for name, result in checks.items() if result not in (True, "ok")) or "itself"
    except (ValueError, KeyError, TypeError, AttributeError):
        return "itself"


def wait_until_ready(
    processes: Sequence[Process],
    progress: Progress,
    within: float,
    failed: Callable[[str], str | None] = lambda _name: None,
) -> dict[str, float]:
    """Gives the seconds each took; `failed` says of a process why there is no hope for it."""
    for process in processes:
        progress.begin(process.name, "starting")
    waiting = {process.name: process for process in processes}
    took: dict[str, float] = {}
    deadline = time.monotonic() + within
    while waiting:
        for name, process in list(waiting.items()):
            if (reason := waits_for(process)) is None:
                took[name] = progress.items[name].seconds
                progress.done(name)
                del waiting[name]
            elif (why := failed(name)) or time.monotonic() > deadline:
                progress.done(name, why or f"waits for {reason}", failed=True)
                raise NotReadyError(
                    f"{name} is not ready: {why or f'it waits for {reason}; make logs S={name}'}"
                )
            else:
                progress.note(name, f"waits for {reason}")
        time.sleep(PAUSE)
    return took

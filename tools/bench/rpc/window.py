"""What a caller does in each environment: so many calls in flight, and a time in which they count.

Only the standard library: it runs wherever there is a Python.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

# a reservation as the checkout's saga sends it
ORDER: dict[str, Any] = {
    "order_id": "0192f0c1-2f6e-7c5e-8a52-6f0f5f5f0001",
    "lines": [
        {"product_id": f"0192f0c1-2f6e-7c5e-8a52-6f0f5f5f100{number}", "quantity": number}
        for number in (1, 2, 3)
    ],
}
REQUEST: dict[str, Any] = {"args": [], "kwargs": {"order": ORDER}}
REPLY: dict[str, Any] = {"result": ORDER, "error": None}
PREFETCH = 10  # of every server: as many as Nameko has workers
ANSWER = 30.0  # seconds; nothing is waited for longer


@dataclass(frozen=True)
class Given:
    url: str
    service: str
    queue_type: str
    in_flight: int
    warm_up: float
    seconds: float

    @property
    def queue(self) -> str:
        return f"rpc-{self.service}"


def given(argv: list[str] | None = None) -> tuple[str, Given]:
    """`serve` or `call`, and with what. The address, with its password, comes by the environment."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["serve", "call"])
    parser.add_argument("--service", required=True)
    parser.add_argument("--queue-type", choices=["classic", "quorum"], default="classic")
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--warm-up", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=1.0)
    found = vars(parser.parse_args(argv))
    return found.pop("role"), Given(url=os.environ["AMQP_URL"], **found)


@dataclass
class Window:
    """Calls count that end between `begin` and `end`, which are also said on the standard output."""

    warm_up: float
    seconds: float
    clock: Callable[[], float] = time.perf_counter
    latencies: list[float] = field(default_factory=list)
    _cpu: float | None = None
    _used: float | None = None

    def __post_init__(self) -> None:
        self.begins = self.clock() + self.warm_up
        self.ends = self.begins + self.seconds

    def goes_on(self) -> bool:
        now = self.clock()
        if self._cpu is None and now >= self.begins:
            self._cpu, self.begins = time.process_time(), now
            print("begin", flush=True)
        if self._used is None and self._cpu is not None and now >= self.ends:
            self._used, self.ends = time.process_time() - self._cpu, now
            print("end", flush=True)
        return self._used is None

    def done(self, started: float) -> None:
        if self._cpu is not None and self._used is None:
            self.latencies.append(self.clock() - started)

    def tell(self) -> None:
        told = {
            "seconds": self.ends - self.begins,
            "cpu_seconds": self._used,
            "latencies_us": [round(each * 1e6) for each in self.latencies],
        }
        print(json.dumps(told), flush=True)


def check(reply: object, expected: object = ORDER) -> None:
    if reply != expected:
        raise SystemExit(f"a wrong answer: {reply!r}")


def keep_calling(start: Callable[[], Callable[[], object]], window: Window, in_flight: int) -> None:
    """For callers that block: `start` sends and gives what waits for the answer. The oldest is next."""
    waiting: deque[tuple[float, Callable[[], object]]] = deque()
    while window.goes_on():
        while len(waiting) < in_flight:
            waiting.append((window.clock(), start()))
        started, answer = waiting.popleft()
        check(answer())
        window.done(started)
    for _, answer in waiting:
        check(answer())
    window.tell()


async def keep_awaiting(call: Callable[[], Awaitable[object]], window: Window, in_flight: int) -> None:
    async def one() -> None:
        while window.goes_on():
            started = window.clock()
            check(await call())
            window.done(started)

    await asyncio.gather(*(one() for _ in range(in_flight)))
    window.tell()

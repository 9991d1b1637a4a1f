"""The parent of the client processes: who sits where, what was sent, what must have arrived, and what did."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from tools.bench import chat_client
from tools.bench.chat_client import ClientError, Seat

SEATS_A_PROCESS = 5000
LOOK = 0.1
STALLED = 15.0  # nothing new for so long: what is missing is lost
PATIENCE = 60.0


@dataclass(frozen=True)
class Sender:
    seat: int
    room: str


@dataclass
class Load:
    """One stretch of messages at a fixed rate, and what came of it."""

    rate: float
    seconds: float
    sent: Counter[str]
    expected: int
    delivered: int
    again: int
    gaps: int
    others: int
    refused: Mapping[str, int] = field(default_factory=dict)
    closed: Mapping[int, int] = field(default_factory=dict)
    micros: Sequence[int] = ()  # sorted

    @property
    def lost(self) -> int:
        return self.expected - self.delivered

    @property
    def clean(self) -> bool:
        return not (self.lost or self.again or self.gaps or self.refused or self.closed)

    def percentile_ms(self, share: float) -> float:
        if not self.micros:
            return float("nan")
        return self.micros[min(len(self.micros) - 1, int(len(self.micros) * share))] / 1000


def expected_of(sent: Mapping[str, int], readers: Mapping[str, int]) -> int:
    return sum(count * readers[room] for room, count in sent.items())


def split(count: int, processes: int) -> list[range]:
    """Seats 0 … count-1 in as many pieces that differ by one at most."""
    edges = [count * number // processes for number in range(processes + 1)]
    return [range(first, last) for first, last in itertools.pairwise(edges)]


def processes_for(sockets: int) -> int:
    return max(1, -(-sockets // SEATS_A_PROCESS))


class Worker:
    """A client process. One command at a time."""

    def __init__(self, number: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        arguments = (theirs, f"127.0.1.{number + 1}")
        self.process = context.Process(target=chat_client.run, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    async def do(self, name: str, *arguments: Any) -> Any:
        return await asyncio.to_thread(self._do, name, arguments)

    def _do(self, name: str, arguments: tuple[Any, ...]) -> Any:
        self.pipe.send((name, arguments))
        try:
            value, error = self.pipe.recv()
        except EOFError:
            raise ClientError("a client process ended") from None
        if error is not None:
            raise ClientError(error)
        return value


class Crowds:
    """All sockets, over all client processes; `async with` it."""

    def __init__(self, seats: int, port: int) -> None:
        self.port = port
        self.parts = split(seats, processes_for(seats))
        self.readers: Counter[str] = Counter()
        self.workers: list[Worker] = []

    async def __aenter__(self) -> Self:
        self.workers = [Worker(number) for number in range(len(self.parts))]
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.process.terminate()
            await asyncio.to_thread(worker.process.join, 10)

    @property
    def pids(self) -> dict[str, int]:
        return {f"clients {number}": worker.process.pid or 0 for number, worker in enumerate(self.workers)}

    async def connect(self, seats: Sequence[Seat], first: int = 0) -> float:
        """Seats from `first` on, each in its process; the seconds it took."""
        started = time.monotonic()
        wanted = range(first, first + len(seats))
        async with asyncio.TaskGroup() as group:
            for worker, part in zip(self.workers, self.parts, strict=True):
                mine = [seats[number - first] for number in part if number in wanted]
                if mine:
                    group.create_task(worker.do("connect", self.port, mine))
        for seat in seats:
            self.readers.update(seat.rooms)
        return time.monotonic() - started

    async def subscribe(self, room: str, seats: Iterable[int]) -> None:
        numbers = list(seats)
        async with asyncio.TaskGroup() as group:
            for worker, part in zip(self.workers, self.parts, strict=True):
                mine = [number - part.start for number in numbers if number in part]
                group.create_task(worker.do("subscribe", room, mine))
        self.readers[room] += len(numbers)

    async def load(self, senders: Sequence[Sender], rate: float, seconds: float) -> Load:
        before = await self.count()
        await self._latencies()
        sent = await self._send(senders, rate, seconds)
        expected = expected_of(sent, self.readers)
        now = await self._all_delivered(before["delivered"] + expected)
        return Load(
            rate=rate,
            seconds=seconds,
            sent=sent,
            expected=expected,
            delivered=now["delivered"] - before["delivered"],
            again=now["again"] - before["again"],
            gaps=now["gaps"] - before["gaps"],
            others=now["others"] - before["others"],
            refused=now["refused"] - before["refused"],
            closed=now["closed"] - before["closed"],
            micros=sorted(await self._latencies()),
        )

    async def _send(self, senders: Sequence[Sender], rate: float, seconds: float) -> Counter[str]:
        """Each process sends its share of the rate, the processes' messages between each other's."""
        shares = [
            (worker, [(each.seat - part.start, each.room) for each in senders if each.seat in part])
            for worker, part in zip(self.workers, self.parts, strict=True)
        ]
        shares = [(worker, mine) for worker, mine in shares if mine]
        start, sent = time.monotonic() + 0.5, Counter[str]()
        async with asyncio.TaskGroup() as group:
            tasks = []
            for number, (worker, mine) in enumerate(shares):
                share = rate * len(mine) / len(senders)
                begin = start + number / len(shares) / rate
                tasks.append(group.create_task(worker.do("send", begin, share, seconds, mine)))
        for task in tasks:
            sent.update(task.result())
        return sent

    async def _all_delivered(self, wanted: int) -> dict[str, Any]:
        """The count when all is there, or when nothing more has come for a while."""
        seen, deadline = -1, time.monotonic() + PATIENCE
        changed = time.monotonic()
        while True:
            now = await self.count()
            if now["delivered"] >= wanted or time.monotonic() > min(deadline, changed + STALLED):
                return now
            if now["delivered"] != seen:
                seen, changed = now["delivered"], time.monotonic()
            await asyncio.sleep(LOOK)

    async def count(self) -> dict[str, Any]:
        total: dict[str, Any] = {"refused": Counter(), "closed": Counter()}
        for worker in self.workers:
            for name, value in (await worker.do("count")).items():
                total[name] = (
                    total.get(name, 0) + value if isinstance(value, int) else total[name] + Counter(value)
                )
        return total

    async def _latencies(self) -> list[int]:
        return [micros for worker in self.workers for micros in await worker.do("latencies")]


def first_error(error: BaseException) -> str:
    return chat_client.first(error)

"""Load on one HTTP endpoint of this machine: as much as goes (closed loop), or at a fixed rate (open loop).

In the open loop a request's latency counts from the moment it was due, not from when a connection was free: a
server that stalls is not spared the requests that would have come meanwhile.
"""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

LOCAL = "127.0.0.1"
ANSWER = 20.0

type MakeRequest = Callable[[], bytes]


class LoadError(Exception):
    pass


@dataclass
class Result:
    """`seconds` is the time the requests were sent in; latencies of accepted ones, in seconds."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return self.statuses[202]

    @property
    def per_second(self) -> float:
        return self.accepted / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


class Connection:
    """One kept-alive connection, from a loopback address of its own: the gateway limits each address."""

    def __init__(self, port: int, number: int) -> None:
        self.port = port
        self.address = str(ipaddress.ip_address(LOCAL) + 1 + number)

    async def open(self) -> None:
        here = (self.address, 0)
        self.reader, self.writer = await asyncio.open_connection(LOCAL, self.port, local_addr=here)

    async def ask(self, request: bytes) -> int:
        """Sends it, reads the whole answer, gives its status."""
        self.writer.write(request)
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), ANSWER)
        lines = head.split(b"\r\n")
        length = next((line for line in lines if line.lower().startswith(b"content-length:")), None)
        if length is None:
            raise LoadError("an answer without content-length can't be read by this client")
        await self.reader.readexactly(int(length.partition(b":")[2]))
        return int(lines[0].split(b" ", 2)[1])

    def close(self) -> None:
        self.writer.close()


async def connected(port: int, count: int) -> list[Connection]:
    connections = [Connection(port, number) for number in range(count)]
    await asyncio.gather(*(connection.open() for connection in connections))
    return connections


async def closed_loop(port: int, make: MakeRequest, *, connections: int, seconds: float) -> Result:
    """Each connection sends its next request as soon as it has the last one's answer."""
    clients = await connected(port, connections)
    result = Result(seconds)
    end = time.perf_counter() + seconds

    async def run(client: Connection) -> None:
        while (sent := time.perf_counter()) < end:
            status = await client.ask(make())
            note(result, status, sent)

    started = time.perf_counter()
    try:
        await asyncio.gather(*(run(client) for client in clients))
    finally:
        result.seconds = time.perf_counter() - started
        for client in clients:
            client.close()
    return result


async def open_loop(port: int, make: MakeRequest, *, rate: float, connections: int, seconds: float) -> Result:
    """A request every 1/rate seconds, whether the ones before it were answered or not."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    clients = await connected(port, connections)
    for client in clients:
        free.put_nowait(client)
    result = Result(seconds)

    async def one(due: float) -> None:
        client = await free.get()
        try:
            note(result, await client.ask(make()), due)
        finally:
            free.put_nowait(client)

    try:
        async with asyncio.TaskGroup() as requests:
            for due in arrivals(rate, seconds):
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                requests.create_task(one(due))
    finally:
        for client in clients:
            client.close()
    return result


def arrivals(rate: float, seconds: float) -> Iterator[float]:
    start = time.perf_counter()
    return (start + number / rate for number in range(int(rate * seconds)))


def note(result: Result, status: int, since: float) -> None:
    result.statuses[status] += 1
    if status == 202:
        result.latencies.append(time.perf_counter() - since)


def requests(path: str, token: str, body: bytes, *, name: str) -> MakeRequest:
    """Requests that differ in their idempotency key only."""
    numbers = itertools.count()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {LOCAL}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nIdempotency-Key: {name}-"
    ).encode()
    return lambda: b"%b%d\r\n\r\n%b" % (head, next(numbers), body)

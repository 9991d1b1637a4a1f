"""One process full of chat clients. It does what the parent says through a pipe and counts what arrives.

A message carries the moment it was due in its body (CLOCK_MONOTONIC is the whole machine's), so that the
time to its delivery can be measured in whichever process it arrives, and a server that stalls is not spared.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from multiprocessing.connection import Connection
from typing import Any
from uuid import uuid4

from tools.bench.chat_frames import CLOSE, PING, PONG, TEXT, FrameError, Frames, close_code, frame, handshake

ANSWER = 60.0
AT_ONCE = 8  # sockets being opened at any time, by a process
TRIES, AGAIN_AFTER = 10, 1.0  # of a subscription; a 503 says that the service is too busy just now
PATH = "/api/chat/socket"
ABNORMAL = 1006


class ClientError(Exception):
    pass


class BusyError(ClientError):
    pass


@dataclass(frozen=True)
class Seat:
    """A socket to be: whose it is and what it reads."""

    token: str
    rooms: tuple[str, ...]


@dataclass
class Tally:
    """What this process has seen. Lost is not here: only the parent knows what was sent."""

    delivered: int = 0
    again: int = 0  # a number that the socket had already
    gaps: int = 0  # a number that was not the next one
    others: int = 0  # typing, presence, unread …
    refused: Counter[str] = field(default_factory=Counter)
    closed: Counter[int] = field(default_factory=Counter)
    micros: array[int] = field(default_factory=lambda: array("Q"))


class Socket(asyncio.Protocol):
    def __init__(self, host: str, seat: Seat, tally: Tally) -> None:
        self.host, self.seat, self.tally = host, seat, tally
        self.last: dict[str, int] = {}
        self.leaving = False
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._head: bytes | None = b""
        self._frames = Frames()
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[None] = self._loop.create_future()

    async def opened(self) -> None:
        await asyncio.wait_for(self._answer, ANSWER)
        for room in self.seat.rooms:
            await self.subscribe(room)

    async def subscribe(self, room: str) -> None:
        for left in reversed(range(TRIES)):
            try:
                await self._subscribe(room)
                break
            except BusyError:
                if not left:
                    raise
                await asyncio.sleep(AGAIN_AFTER)

    async def _subscribe(self, room: str) -> None:
        self._waiting[room] = self._loop.create_future()
        self.say({"type": "subscribe", "conversation": room, "after": 0})
        await asyncio.wait_for(self._waiting[room], ANSWER)

    def say(self, what: dict[str, Any]) -> None:
        self.transport.write(frame(json.dumps(what).encode()))

    def send(self, room: str, due: float) -> None:
        body = f"{int(due * 1e9)} is the parcel on its way, and when will it be here?"
        self.say({"type": "send", "conversation": room, "client_message_id": str(uuid4()), "body": body})

    def leave(self) -> None:
        self.leaving = True
        self.transport.close()

    # --- asyncio.Protocol -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - create_connection's promise
        self.transport = transport
        protocols = f"bazaar.v1, bearer.{self.seat.token}" if self.seat.token else ""
        transport.write(handshake(self.host, PATH, protocols))

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head = None
            if b" 101 " not in head.partition(b"\r\n")[0]:
                self._fail(ClientError(f"no socket: {(head + data)[:300].decode(errors='replace')}"))
                self.leave()
                return
            self._answer.set_result(None)
        try:
            for opcode, payload in self._frames.feed(data):
                self._frame(opcode, payload)
        except FrameError as error:
            self._fail(ClientError(str(error)))
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.leaving:
            self.tally.closed[ABNORMAL] += 1
            self._fail(ClientError(f"the server closed a socket: {exc or 'without a reason'}"))

    # --- frames -----------------------------------------------------------------------------------

    def _frame(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self._told(json.loads(payload))
        elif opcode == PING:
            self.transport.write(frame(payload, PONG))
        elif opcode == CLOSE:
            code = close_code(payload)
            self.tally.closed[code] += 1
            self._fail(ClientError(f"the server closed a socket: {code} {payload[2:].decode()}"))
            self.leave()

    def _told(self, told: dict[str, Any]) -> None:
        kind = told["type"]
        if kind == "message":
            self._message(told)
        elif kind == "subscribed":
            # messages after the answer are live; those before it are the catching up
            self.last.setdefault(told["conversation"], int(told["last_seq"]))
            waiting = self._waiting.pop(told["conversation"], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)
        elif kind == "error":
            self.tally.refused[str(told["problem"].get("title"))] += 1
            busy = told["problem"].get("status") == HTTPStatus.SERVICE_UNAVAILABLE
            self._fail((BusyError if busy else ClientError)(f"refused: {told['problem']}"))
        elif kind not in ("hello", "sent", "pong"):
            self.tally.others += 1

    def _message(self, told: dict[str, Any]) -> None:
        room, seq = told["conversation"], told["seq"]
        tally, last = self.tally, self.last.get(room, 0)
        if seq <= last:
            tally.again += 1
            return
        if seq != last + 1:
            tally.gaps += 1
        self.last[room] = seq
        tally.delivered += 1
        due = int(told["message"]["body"].partition(" ")[0])
        tally.micros.append(max(0, time.monotonic_ns() - due) // 1000)

    def _fail(self, error: ClientError) -> None:
        for future in (self._answer, *self._waiting.values()):
            if not future.done():
                future.set_exception(error)


class Crowd:
    """The sockets of this process; each method is a command of the parent."""

    def __init__(self, address: str) -> None:
        self.address = address  # of its own, so that local ports do not run out
        self.tally = Tally()
        self.sockets: list[Socket] = []

    async def connect(self, port: int, seats: Sequence[Seat]) -> int:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(seat: Seat) -> Socket:
            async with gate:
                _, socket = await asyncio.get_running_loop().create_connection(
                    lambda: Socket(f"127.0.0.1:{port}", seat, self.tally),
                    "127.0.0.1",
                    port,
                    local_addr=(self.address, 0),
                )
                await socket.opened()
                return socket

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(seat)) for seat in seats]
        self.sockets += [task.result() for task in tasks]
        gc.collect()
        gc.freeze()  # the sockets stay: no pause of the collector is to be taken for the server's
        return len(self.sockets)

    async def subscribe(self, room: str, numbers: Sequence[int]) -> int:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(socket: Socket) -> None:
            async with gate:
                await socket.subscribe(room)

        async with asyncio.TaskGroup() as group:
            for number in numbers:
                group.create_task(one(self.sockets[number]))
        return len(numbers)

    async def send(
        self, start: float, rate: float, seconds: float, senders: Sequence[tuple[int, str]]
    ) -> dict[str, int]:
        """At a fixed rate, in turn by each (socket, room), whether those before have arrived or not."""
        sent: Counter[str] = Counter()
        for number in range(int(rate * seconds)):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            socket, room = senders[number % len(senders)]
            self.sockets[socket].send(room, due)
            sent[room] += 1
        return dict(sent)

    async def count(self) -> dict[str, Any]:
        return {
            "delivered": self.tally.delivered,
            "again": self.tally.again,
            "gaps": self.tally.gaps,
            "others": self.tally.others,
            "refused": dict(self.tally.refused),
            "closed": dict(self.tally.closed),
        }

    async def latencies(self) -> list[int]:
        """Since they were last asked for, in µs."""
        taken, self.tally.micros = self.tally.micros, array("Q")
        return list(taken)

    async def leave(self) -> int:
        for socket in self.sockets:
            socket.leave()
        self.sockets.clear()
        return 0


def run(pipe: Connection, address: str) -> None:
    """The process: until the parent says "leave" or is gone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_serve(pipe, Crowd(address)))


async def _serve(pipe: Connection, crowd: Crowd) -> None:
    while True:
        try:
            name, arguments = await asyncio.to_thread(pipe.recv)
        except EOFError:
            return
        try:
            pipe.send((await getattr(crowd, name)(*arguments), None))
        except (ExceptionGroup, ClientError, OSError, TimeoutError) as error:
            pipe.send((None, first(error)))
        if name == "leave":
            return


def first(error: BaseException) -> str:
    """The first of a group's errors: the others are mostly the same."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__

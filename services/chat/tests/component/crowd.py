"""A crowd of real sockets as people have them: each comes back by itself wherever a replica answers, says
what it has seen, and sends again what was not confirmed.

A reader keeps everything it was given, and takes nothing out: what came twice is seen.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

ANSWER = 20.0  # for one answer of the service
AT_ONCE = 32
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # before it tries again, doubled each time in vain
APART = 0.55  # between two messages of one account: 20 in 10 s are allowed
PASSING = (429, 503)  # errors that a client has to get over

GONE = (OSError, HTTPClientError, StreamClosedError, WebSocketClosedError, TimeoutError)


@dataclass(frozen=True)
class Utterance:
    """A message to be: its own id is given by who sends it, and stays when it is sent again."""

    conversation: str
    id: str
    body: str


@dataclass(frozen=True)
class Seen:
    seq: int
    client_message_id: str
    body: str


@dataclass
class Crowd:
    addresses: Sequence[str]  # of the replicas: host:port
    random: random.Random
    readers: list["Reader"] = field(default_factory=list)
    confirmed: dict[str, int] = field(default_factory=dict)  # the message's own id → its number
    counted: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    # so many come in at a time: a service that is asked by all at once has time for none
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    cut_every: int = 0
    cut_at_once: int = 0
    _change: asyncio.Condition = field(default_factory=asyncio.Condition)

    def add(self, token: str, conversations: Sequence[str], says: Sequence[Utterance] = ()) -> None:
        seed = self.random.getrandbits(64)
        self.readers.append(Reader(self, token, list(conversations), list(says), random.Random(seed)))

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """They come, and are here until the block ends."""
        async with asyncio.TaskGroup() as group:
            for reader in self.readers:
                group.create_task(reader.live())
            try:
                yield
            finally:
                self.over.set()
                for reader in self.readers:
                    reader.leave()

    async def confirm(self, message_id: str, seq: int) -> None:
        """By any answer; the same message has one number, however often it was sent."""
        if self.confirmed.setdefault(message_id, seq) != seq:
            self.wrong.append(f"{message_id} is number {self.confirmed[message_id]} and {seq}")
        if self.cut_every and len(self.confirmed) % self.cut_every == 0:
            self.cut_some(self.cut_at_once)
        async with self._change:
            self._change.notify_all()

    def cut_some(self, count: int) -> None:
        for reader in self.random.sample(self.readers, count):
            reader.cut()

    async def until_confirmed(self, count: int, within: float) -> None:
        async with asyncio.timeout(within), self._change:
            await self._change.wait_for(lambda: len(self.confirmed) >= count or self.wrong)
        assert not self.wrong, self.wrong[:5]

    def behind(self, last: Mapping[str, int]) -> list[str]:
        """Who does not have the last message yet."""
        return [
            f"reader {number} has {len(reader.seen[conversation])} of {last[conversation]}"
            for number, reader in enumerate(self.readers)
            for conversation in reader.seen
            if len(reader.seen[conversation]) < last[conversation]
        ]


class Reader:
    """A socket, again and again; a writer besides if it has something to say."""

    def __init__(
        self,
        crowd: Crowd,
        token: str,
        conversations: list[str],
        says: list[Utterance],
        choice: random.Random,
    ) -> None:
        self.crowd, self.token, self.says, self.random = crowd, token, says, choice
        self.seen: dict[str, list[Seen]] = {conversation: [] for conversation in conversations}
        self._joined: asyncio.Future[bool] | None = None
        self._in_vain = 0  # tries since a conversation was joined
        self._socket: WebSocketClientConnection | None = None
        self._waiting: dict[str, asyncio.Event] = {}

    async def live(self) -> None:
        while not self.crowd.over.is_set():
            try:
                await self._session()
                self.crowd.counted["ended"] += 1
            except GONE:
                self.crowd.counted["refused"] += 1
            self._socket = None
            await self._wait()

    def cut(self) -> None:
        """The wire, not the conversation: no close frame, nothing that waits is sent."""
        if self._socket is not None:
            self.crowd.counted["cut"] += 1
            self._socket.protocol.stream.close()

    def leave(self) -> None:
        if self._socket is not None:
            self._socket.close()

    async def _session(self) -> None:
        request = HTTPRequest(
            f"ws://{self.random.choice(self.crowd.addresses)}/api/chat/socket",
            headers={"Authorization": f"Bearer {self.token}"},
            connect_timeout=ANSWER,
            request_timeout=ANSWER,
        )
        async with self.crowd.gate:
            socket = self._socket = await websocket_connect(request)
        if self.crowd.over.is_set():
            socket.close()
        talking = asyncio.create_task(self._talk(socket))
        try:
            while (text := await socket.read_message()) is not None:
                await self._told(json.loads(text))
        finally:
            talking.cancel()
            with suppress(asyncio.CancelledError):
                await talking
            socket.close()

    async def _talk(self, socket: WebSocketClientConnection) -> None:
        try:
            for conversation in self.seen:
                await self._join(socket, conversation)
            await self._write(socket)
        except GONE:
            self.cut()  # all from the beginning

    async def _join(self, socket: WebSocketClientConnection, conversation: str) -> None:
        """Asked again until the service has time for it."""
        joined = False
        while not joined:
            self._joined = asyncio.get_running_loop().create_future()
            async with self.crowd.gate, asyncio.timeout(ANSWER):
                await say(
                    socket, type="subscribe", conversation=conversation, after=len(self.seen[conversation])
                )
                joined = await self._joined
            if not joined:
                await self._wait()

    async def _wait(self) -> None:
        self._in_vain += 1
        longest = min(FIRST_PAUSE * 2**self._in_vain, LONGEST_PAUSE)
        await pause(self.crowd.over, self.random.uniform(FIRST_PAUSE, longest))

    async def _write(self, socket: WebSocketClientConnection) -> None:
        """In order: the next one when this one is confirmed. Who was cut off before that says it again."""
        for each in self.says:
            while each.id not in self.crowd.confirmed:
                self.crowd.counted["sent"] += 1
                told = self._waiting[each.id] = asyncio.Event()
                what = {"conversation": each.conversation, "client_message_id": each.id, "body": each.body}
                await say(socket, type="send", **what)
                async with asyncio.timeout(ANSWER):
                    await told.wait()
                await pause(self.crowd.over, APART)

    async def _told(self, told: dict[str, Any]) -> None:
        match told:
            case {"type": "message", "conversation": conversation, "message": message}:
                self._take(conversation, told["seq"], message)
            case {"type": "sent", "client_message_id": message_id, "seq": seq}:
                await self.crowd.confirm(message_id, seq)
                self._waiting[message_id].set()
            case {"type": "subscribed"}:
                self._in_vain = 0
                self._join_answered(True)
            case {"type": "error", "problem": problem, "ref": ref}:
                self._refused(problem, ref)

    def _take(self, conversation: str, seq: int, message: dict[str, Any]) -> None:
        seen = self.seen[conversation]
        if seq != len(seen) + 1 or message["seq"] != seq:
            self.crowd.wrong.append(f"{conversation}: number {seq} came after {len(seen)}")
        seen.append(Seen(seq, message["client_message_id"], message["body"]))

    def _refused(self, problem: dict[str, Any], ref: str | None) -> None:
        if problem["status"] not in PASSING:
            self.crowd.wrong.append(f"refused: {problem}")
        self.crowd.counted[f"error {problem['status']}"] += 1
        if ref in self._waiting:
            self._waiting[ref].set()  # it is sent again after the pause
        else:
            self._join_answered(False)

    def _join_answered(self, joined: bool) -> None:
        if self._joined is not None and not self._joined.done():
            self._joined.set_result(joined)


async def say(socket: WebSocketClientConnection, **what: Any) -> None:
    await socket.write_message(json.dumps(what))


async def pause(over: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await over.wait()

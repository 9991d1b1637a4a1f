"""What is unread, told to every socket of an account, whatever conversations it has open. One question to
PostgreSQL for all accounts with news, and one now and then for all that are here.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from chat.conversations.listing import UnreadOf, unread_of
from chat.live.frames import UnreadOut, encode
from chat.live.topics import SELLER, SHOPPER, Topic
from chat.live.wakeups import Listener
from chat.storage.database import DATABASE_ERRORS, Sessions
from chat.storage.tables import Side

logger = logging.getLogger(__name__)

_AT_ONCE = 1000


class Reader(Protocol):
    """A socket: an account, and the stalls it works for."""

    @property
    def account(self) -> UUID: ...

    @property
    def sellers(self) -> frozenset[UUID]: ...

    def offer(self, frame: bytes) -> None: ...


@dataclass(slots=True, eq=False)
class _Told:
    """What a reader knows; conversations without anything unread are left out."""

    by_topic: dict[Topic, dict[UUID, int]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(sum(unread.values()) for unread in self.by_topic.values())


def topics_of(reader: Reader) -> list[Topic]:
    return [Topic(SHOPPER, reader.account), *(Topic(SELLER, seller) for seller in reader.sellers)]


class UnreadCounts:
    def __init__(self, sessions: Sessions, listener: Listener, poll_seconds: float) -> None:
        self._sessions = sessions
        self._listener = listener
        self._poll_seconds = poll_seconds
        self._readers: dict[Topic, dict[Reader, _Told]] = {}
        self._told: dict[Reader, _Told] = {}
        self._dirty: set[Topic] = set()
        self._wanted = asyncio.Event()

    def add(self, reader: Reader) -> None:
        """It is told of all that is unread now, and then of each change."""
        told = self._told[reader] = _Told()
        topics = topics_of(reader)
        for topic in topics:
            self._readers.setdefault(topic, {})[reader] = told
        self._listener.want(topic.channel for topic in topics)
        self._look(topics)

    def remove(self, reader: Reader) -> None:
        self._told.pop(reader, None)
        for topic in topics_of(reader):
            readers = self._readers.get(topic)
            if readers is None:
                continue
            readers.pop(reader, None)
            if not readers:
                del self._readers[topic]
                self._listener.unwant([topic.channel])

    def wake(self, topic: Topic) -> None:
        if topic in self._readers:
            self._look([topic])

    def _look(self, topics: Iterable[Topic]) -> None:
        self._dirty.update(topics)
        self._wanted.set()

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._poll_seconds):
                    await self._wanted.wait()
            except TimeoutError:
                self._dirty.update(self._readers)
            self._wanted.clear()
            while self._dirty:
                await self._turn([self._dirty.pop() for _ in range(min(len(self._dirty), _AT_ONCE))])

    async def _turn(self, topics: Collection[Topic]) -> None:
        shoppers = [topic.id for topic in topics if topic.kind == SHOPPER]
        sellers = [topic.id for topic in topics if topic.kind == SELLER]
        try:
            async with self._sessions() as session:
                found = await unread_of(session, shoppers, sellers)
        except DATABASE_ERRORS as error:
            logger.warning("unread counts wait for the database", extra={"reason": repr(error)[:300]})
            return
        for topic in topics:
            self._tell(topic, found)

    def _tell(self, topic: Topic, found: UnreadOf) -> None:
        side = Side.SHOPPER if topic.kind == SHOPPER else Side.SELLER
        now = found.get((side, topic.id), {})
        for reader, told in list(self._readers.get(topic, {}).items()):
            before = told.by_topic.get(topic, {})
            if now == before:
                continue
            told.by_topic[topic] = dict(now)
            for conversation in before.keys() | now.keys():
                unread = now.get(conversation, 0)
                if unread != before.get(conversation, 0):
                    reader.offer(encode(UnreadOut(conversation, unread, told.total)))

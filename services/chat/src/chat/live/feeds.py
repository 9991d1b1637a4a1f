"""Feeds: a conversation's messages, an order's events. Each is read from PostgreSQL in its order, by one
reader here however many clients follow it; a wake-up says only that there may be news.
"""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from chat.live.outlet import Gone
from chat.live.topics import Topic
from chat.live.wakeups import Listener
from chat.metrics import DELIVERY, FRAMES, POLLS, WAKEUPS
from chat.storage.database import DATABASE_ERRORS
from chat.storage.tables import Side

logger = logging.getLogger(__name__)

PAGE = 100
# a database that is away is asked again so soon
AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Item:
    position: int
    at: datetime
    # the whole frame, encoded once for all who get it
    frame: bytes


class Source(Protocol):
    """Where a kind of feed is read. Positions grow; what is read once is not read with more before it."""

    async def read(self, topic_id: UUID, after: int, limit: int) -> Sequence[Item]: ...

    async def positions(self, ids: Collection[UUID]) -> Mapping[UUID, int]: ...


class Member(Protocol):
    """A client that follows feeds."""

    @property
    def account(self) -> UUID: ...

    @property
    def gone(self) -> bool: ...

    def offer(self, frame: bytes) -> None: ...

    async def room(self) -> None: ...


@dataclass(slots=True)
class Membership:
    side: Side | None
    # what it had when it joined: the feed's reader may be behind that
    seen: int


@dataclass(slots=True, eq=False)
class Feed:
    topic: Topic
    # what all members have
    position: int = 0
    members: dict[Member, Membership] = field(default_factory=dict)
    waiters: set[asyncio.Event] = field(default_factory=set)
    joining: int = 0
    # a wake-up came that no member was there for
    missed: bool = False
    wanted: bool = False
    reading: asyncio.Task[None] | None = None
    online: frozenset[Side] = frozenset()

    @property
    def is_used(self) -> bool:
        return bool(self.members or self.waiters or self.joining)

    def sides(self) -> set[Side]:
        return {member.side for member in self.members.values() if member.side is not None}


class Feeds:
    def __init__(
        self,
        sources: Mapping[str, Source],
        listener: Listener,
        poll_seconds: float,
        *,
        page: int = PAGE,
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        self._sources = sources
        self._listener = listener
        self._poll_seconds = poll_seconds
        self._again_seconds = again_seconds
        # never more at once than a client's queue holds
        self._page = page
        self._feeds: dict[Topic, Feed] = {}

    def get(self, topic: Topic) -> Feed | None:
        return self._feeds.get(topic)

    def all(self) -> Collection[Feed]:
        return self._feeds.values()

    async def join(self, topic: Topic, member: Member, side: Side | None, after: int) -> None:
        """Gives the member all after that position, in order, and then makes it part of the feed.

        Wake-ups are asked for first. Between the last look and the joining nothing else runs, so there is no
        gap and nothing comes twice. A database that is away is waited for: the client was promised this feed,
        and would not ask for it again.
        """
        feed = self._used(topic)
        feed.joining += 1
        try:
            while True:
                await member.room()
                feed.missed = False
                try:
                    items = await self._sources[topic.kind].read(topic.id, after, self._page)
                except DATABASE_ERRORS as error:
                    logger.warning("a feed waits for the database", extra={"reason": repr(error)[:300]})
                    await asyncio.sleep(self._again_seconds)
                    continue
                for item in items:
                    member.offer(item.frame)
                    after = item.position
                FRAMES.labels(topic.kind).inc(len(items))
                if len(items) < self._page and (not feed.members or after >= feed.position):
                    break
            if member.gone:
                raise Gone
            if not feed.members:
                feed.position = after
            feed.members[member] = Membership(side, after)
            if feed.missed:
                self.wake(topic)
        finally:
            feed.joining -= 1
            self._forget_unused(feed)

    def leave(self, topic: Topic, member: Member) -> Side | None:
        feed = self._feeds.get(topic)
        if feed is None or member not in feed.members:
            return None
        side = feed.members.pop(member).side
        self._forget_unused(feed)
        return side

    @contextmanager
    def waiting(self, topic: Topic) -> Iterator[asyncio.Event]:
        """For a long poll: the event is set when there may be news."""
        feed, event = self._used(topic), asyncio.Event()
        feed.waiters.add(event)
        POLLS.inc()
        try:
            yield event
        finally:
            POLLS.dec()
            feed.waiters.discard(event)
            self._forget_unused(feed)

    def release_waiters(self) -> None:
        """All long polls are answered now."""
        for feed in self._feeds.values():
            for event in feed.waiters:
                event.set()

    def wake(self, topic: Topic) -> None:
        feed = self._feeds.get(topic)
        if feed is None:
            return
        for event in feed.waiters:
            event.set()
        if not feed.members:
            feed.missed = True
            return
        feed.wanted = True
        if feed.reading is None:
            feed.reading = asyncio.create_task(self._read(feed))

    async def _read(self, feed: Feed) -> None:
        """One at a time for a feed. Many wake-ups meanwhile are one more look."""
        try:
            while feed.wanted and feed.members:
                feed.wanted = False
                try:
                    await self._give_news(feed)
                except DATABASE_ERRORS as error:
                    # nothing is lost: it is looked from the same position
                    logger.warning("news wait for the database", extra={"reason": repr(error)[:300]})
                    await asyncio.sleep(self._again_seconds)
                    feed.wanted = True
        except Exception:
            logger.exception("a feed cannot be read", extra={"topic": feed.topic.channel})
        finally:
            feed.reading = None

    async def _give_news(self, feed: Feed) -> None:
        while items := await self._news(feed):
            for item in items:
                _give(feed, item)
            if len(items) < self._page:
                return

    async def _news(self, feed: Feed) -> Sequence[Item]:
        return await self._sources[feed.topic.kind].read(feed.topic.id, feed.position, self._page)

    async def run(self) -> None:
        """Looks for what no wake-up told, as long as the process serves."""
        while True:
            await asyncio.sleep(self._poll_seconds)
            for kind in self._sources:
                try:
                    await self._poll(kind)
                except DATABASE_ERRORS as error:
                    logger.warning("polling waits for the database", extra={"reason": repr(error)[:300]})

    async def _poll(self, kind: str) -> None:
        ids = [topic.id for topic in self._feeds if topic.kind == kind]
        if not ids:
            return
        before = {topic: feed.position for topic, feed in self._feeds.items()}
        for topic_id, position in (await self._sources[kind].positions(ids)).items():
            topic = Topic(kind, topic_id)
            feed = self._feeds.get(topic)
            if feed is None:
                continue
            # what was read before anybody told is no news that only polling found
            if feed.members and position > feed.position == before.get(topic):
                WAKEUPS.labels("polled").inc()
            if feed.waiters or position > feed.position:
                self.wake(topic)

    def _used(self, topic: Topic) -> Feed:
        feed = self._feeds.get(topic)
        if feed is None:
            feed = self._feeds[topic] = Feed(topic)
            self._listener.want([topic.channel])
        return feed

    def _forget_unused(self, feed: Feed) -> None:
        if not feed.is_used and self._feeds.get(feed.topic) is feed:
            del self._feeds[feed.topic]
            self._listener.unwant([feed.topic.channel])


def _give(feed: Feed, item: Item) -> None:
    feed.position = item.position
    # a list: who is too slow leaves meanwhile
    for member, membership in list(feed.members.items()):
        if membership.seen < item.position:
            member.offer(item.frame)
    FRAMES.labels(feed.topic.kind).inc(len(feed.members))
    DELIVERY.observe(max((datetime.now(UTC) - item.at).total_seconds(), 0))

"""Which sides of a conversation are there: a sorted set in Redis for each, `side:replica` scored by when that
entry lapses. Lossy on purpose: a replica that was killed is believed a minute longer, and without Redis only
those are seen who are at the same replica.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from time import time
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from chat.live.feeds import Feed, Feeds
from chat.live.topics import CONVERSATION, Topic
from chat.live.wakeups import REDIS_ERRORS
from chat.storage.tables import Side

logger = logging.getLogger(__name__)

LAPSES_AFTER = 60
_REFRESH_SECONDS = 20.0
_AT_ONCE = 500
_ASKING = 8


class Presence:
    def __init__(
        self,
        redis: Redis,
        feeds: Feeds,
        replica: str,
        changed: Callable[[Feed, Side, bool], None],
        tell: Callable[[UUID], None],
    ) -> None:
        """`changed` is called for each side that came or went; `tell` lets the other replicas look."""
        self._redis = redis
        self._feeds = feeds
        self._replica = replica
        self._changed = changed
        self._tell = tell
        self._dirty: set[UUID] = set()
        # what this replica has written of each conversation
        self._shared: dict[UUID, set[Side]] = {}
        self._wanted = asyncio.Event()
        # a crowd that comes at once leaves connections for the wake-ups
        self._asking = asyncio.Semaphore(_ASKING)

    def look(self, conversation: UUID) -> None:
        """Soon: here somebody came or went, or another replica says so."""
        self._dirty.add(conversation)
        self._wanted.set()

    async def of(self, conversation: UUID) -> list[Side]:
        feed = self._feeds.get(Topic.conversation(conversation))
        here = feed.sides() if feed else set()
        try:
            async with self._asking:
                entries = await self._redis.zrangebyscore(_key(conversation), time(), "+inf")
        except REDIS_ERRORS:
            return sorted(here)
        return sorted(here | _sides(entries))

    async def run(self) -> None:
        refresh_at = 0.0
        while True:
            if (now := time()) >= refresh_at:
                self._dirty.update(feed.topic.id for feed in self._conversations())
                refresh_at = now + _REFRESH_SECONDS
            await self.settle()
            self._wanted.clear()
            try:
                async with asyncio.timeout(max(refresh_at - time(), 0)):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def settle(self) -> None:
        while self._dirty:
            await self._turn([self._dirty.pop() for _ in range(min(len(self._dirty), _AT_ONCE))])

    def _conversations(self) -> Iterable[Feed]:
        return [feed for feed in self._feeds.all() if feed.topic.kind == CONVERSATION]

    async def _turn(self, conversations: list[UUID]) -> None:
        """Ours written, all read, in one round trip for all of them."""
        here = {conversation: self._here(conversation) for conversation in conversations}
        try:
            found = await self._exchange(here)
        except REDIS_ERRORS as error:
            logger.debug("presence is not shared", extra={"reason": repr(error)[:300]})
            found = dict.fromkeys(conversations, frozenset())
        for conversation, elsewhere in found.items():
            self._compare(conversation, elsewhere)
            if here[conversation] != self._shared.get(conversation, set()):
                # written first, then told: who looks finds it
                self._tell(conversation)
            if here[conversation]:
                self._shared[conversation] = here[conversation]
            else:
                self._shared.pop(conversation, None)

    async def _exchange(self, here: dict[UUID, set[Side]]) -> dict[UUID, frozenset[Side]]:
        now = time()
        async with self._redis.pipeline(transaction=False) as pipeline:
            for conversation, sides in here.items():
                key = _key(conversation)
                gone = [f"{side}:{self._replica}" for side in Side if side not in sides]
                if sides:
                    pipeline.zadd(key, {f"{side}:{self._replica}": now + LAPSES_AFTER for side in sides})
                    pipeline.expire(key, LAPSES_AFTER * 2)
                if gone:
                    pipeline.zrem(key, *gone)
                pipeline.zrangebyscore(key, now, "+inf")
            answers = [answer for answer in await pipeline.execute() if isinstance(answer, list)]
        return {conversation: _sides(entries) for conversation, entries in zip(here, answers, strict=True)}

    def _here(self, conversation: UUID) -> set[Side]:
        feed = self._feeds.get(Topic.conversation(conversation))
        return feed.sides() if feed else set()

    def _compare(self, conversation: UUID, elsewhere: frozenset[Side]) -> None:
        feed = self._feeds.get(Topic.conversation(conversation))
        if feed is None:
            return
        # those who are here now, whatever was written: they may have come meanwhile
        online = frozenset(feed.sides() | elsewhere)
        for side in online ^ feed.online:
            self._changed(feed, side, side in online)
        feed.online = online


def _key(conversation: UUID) -> str:
    return f"chat:online:{conversation}"


def _sides(entries: Iterable[Any]) -> frozenset[Side]:
    return frozenset(Side(entry.decode().partition(":")[0]) for entry in entries)

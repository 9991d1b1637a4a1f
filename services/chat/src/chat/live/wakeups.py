"""Redis as a wake-up, and nothing else: what it does not tell is found by polling PostgreSQL.

A channel's confirmation counts as a wake-up of its own: whatever was published before the subscription stood
is read then. So nobody has to wait for the confirmation, and nothing falls between.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chat.metrics import REDIS_UP, WAKEUPS

logger = logging.getLogger(__name__)

# whatever a server that is away looks like
REDIS_ERRORS = (RedisError, OSError, TimeoutError)

_CONNECT_TIMEOUT = 2.0
_ANSWER_TIMEOUT = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_PING_SECONDS = 5.0
_UNSENT = 10_000
_AT_ONCE = 500
# there is always one channel: a connection without any has nothing to read
_EVERYBODY = "chat:everybody"

type Receive = Callable[[str, bytes], None]


def connect(url: str) -> Redis:
    """Without retries: a loop that polls is the better retry."""
    client: Redis = Redis.from_url(
        url,
        socket_connect_timeout=_CONNECT_TIMEOUT,
        socket_timeout=_ANSWER_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        max_connections=16,
    )
    return client


class Publisher:
    """Takes what is to be published and never waits: a request does not depend on Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._unsent: deque[tuple[str, bytes]] = deque()
        self._wanted = asyncio.Event()

    def publish(self, channel: str, payload: bytes = b"") -> None:
        if len(self._unsent) >= _UNSENT:
            self._unsent.popleft()
            WAKEUPS.labels("lost").inc()
        self._unsent.append((channel, payload))
        self._wanted.set()

    async def run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._unsent:
                await self.flush()

    async def flush(self) -> None:
        """One round trip for all that wait; twice the same says no more than once."""
        batch = dict.fromkeys(self._unsent.popleft() for _ in range(min(len(self._unsent), _AT_ONCE)))
        if not batch:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for channel, payload in batch:
                    pipeline.publish(channel, payload)
                await pipeline.execute()
            WAKEUPS.labels("sent").inc(len(batch))
        except REDIS_ERRORS as error:
            WAKEUPS.labels("lost").inc(len(batch))
            logger.debug("wake-ups are lost", extra={"reason": repr(error)[:300]})


class Listener:
    """Follows channels, as many as there are clients' topics, on one connection."""

    def __init__(self, redis: Redis, receive: Receive) -> None:
        self._redis = redis
        self._receive = receive
        self._wanted: set[str] = set()
        self._changed = asyncio.Event()
        self._up = False

    def want(self, channels: Iterable[str]) -> None:
        self._wanted.update(channels)
        self._changed.set()

    def unwant(self, channels: Iterable[str]) -> None:
        self._wanted.difference_update(channels)
        self._changed.set()

    async def run(self) -> None:
        """For ever; while Redis is away, it is tried again, less and less often."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(_EVERYBODY)
                    pause = _FIRST_PAUSE
                    await self._follow(pubsub)
            except* REDIS_ERRORS as group:
                self._tell(up=False, reason=repr(group.exceptions[0])[:300])
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _follow(self, pubsub: PubSub) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(pubsub))
            group.create_task(self._subscribe(pubsub))

    async def _read(self, pubsub: PubSub) -> None:
        silent = 0
        while True:
            message = await pubsub.get_message(timeout=_PING_SECONDS)
            if message is None:
                # a connection that only seems to be one is found out by a ping without an answer
                silent += 1
                if silent > 1:
                    raise TimeoutError("Redis does not answer")
                await pubsub.ping()
                continue
            silent = 0
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "subscribe":
                self._tell(up=True)
                self._receive(_text(message["channel"]), b"")
            case "message":
                WAKEUPS.labels("received").inc()
                self._receive(_text(message["channel"]), message["data"])

    def _tell(self, *, up: bool, reason: str = "") -> None:
        REDIS_UP.set(up)
        if up and not self._up:
            logger.info("wake-ups come from Redis")
        elif self._up and not up:
            logger.warning("Redis is away, polling goes on", extra={"reason": reason})
        self._up = up

    async def _subscribe(self, pubsub: PubSub) -> None:
        followed: set[str] = set()
        while True:
            self._changed.clear()
            for more in _parts(self._wanted - followed):
                await pubsub.subscribe(*more)
                followed.update(more)
            for less in _parts(followed - self._wanted):
                await pubsub.unsubscribe(*less)
                followed.difference_update(less)
            await self._changed.wait()


def _parts(channels: set[str]) -> Iterable[list[str]]:
    found = list(channels)
    return [found[start : start + _AT_ONCE] for start in range(0, len(found), _AT_ONCE)]


def _text(channel: bytes | str) -> str:
    return channel.decode() if isinstance(channel, bytes) else channel

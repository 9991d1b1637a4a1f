"""Feeds without their servers: each member has each item once and in order, whenever it comes and whatever
wakes the feed.
"""

import asyncio
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from chat.live.feeds import Feeds, Item
from chat.live.outlet import Gone
from chat.live.topics import CONVERSATION, Topic
from chat.storage.tables import Side

from bazaar_shared.testing import aeventually


@dataclass
class Book:
    """A source that takes its time, as a database does: what was asked is answered as it was then."""

    last: int = 0
    failing: int = 0
    reads: int = 0

    async def read(self, topic_id: UUID, after: int, limit: int) -> Sequence[Item]:
        self.reads += 1
        if self.failing:
            self.failing -= 1
            raise OSError("away")
        seen = self.last
        await asyncio.sleep(0)
        return [
            Item(number, datetime.now(UTC), b"%d" % number)
            for number in range(after + 1, min(seen, after + limit) + 1)
        ]

    async def positions(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        return dict.fromkeys(ids, self.last)


@dataclass
class Channels:
    wanted: set[str] = field(default_factory=set)

    def want(self, channels: Iterable[str]) -> None:
        self.wanted.update(channels)

    def unwant(self, channels: Iterable[str]) -> None:
        self.wanted.difference_update(channels)


@dataclass(eq=False)
class Reader:
    account: UUID = field(default_factory=uuid4)
    gone: bool = False
    told: list[int] = field(default_factory=list)

    def offer(self, frame: bytes) -> None:
        self.told.append(int(frame))

    async def room(self) -> None:
        await asyncio.sleep(0)
        if self.gone:
            raise Gone


@dataclass
class Room:
    book: Book = field(default_factory=Book)
    channels: Channels = field(default_factory=Channels)
    topic: Topic = field(default_factory=lambda: Topic.conversation(uuid4()))

    def __post_init__(self) -> None:
        self.feeds = Feeds({CONVERSATION: self.book}, self.channels, 0.01, page=3, again_seconds=0.01)  # type: ignore[arg-type]

    async def join(self, after: int = 0, reader: Reader | None = None) -> Reader:
        reader = reader or Reader()
        await self.feeds.join(self.topic, reader, Side.SHOPPER, after)
        return reader

    async def say(self, count: int = 1, *, wake: bool = True) -> None:
        self.book.last += count
        if wake:
            self.feeds.wake(self.topic)

    async def quiet(self) -> None:
        """Until nothing is read any more."""
        while (feed := self.feeds.get(self.topic)) and (reading := feed.reading) is not None:
            await reading


@pytest.fixture
async def room() -> Room:
    return Room()


async def test_history_comes_first_page_by_page(room: Room) -> None:
    room.book.last = 10
    reader = await room.join(after=2)
    await room.say()
    await room.quiet()
    assert reader.told == list(range(3, 12))


async def test_many_wake_ups_are_few_reads(room: Room) -> None:
    reader = await room.join()
    before = room.book.reads
    for _ in range(50):
        await room.say()
    await room.quiet()
    assert reader.told == list(range(1, 51))
    assert room.book.reads - before <= 20  # pages of three, and not one for each wake-up and member


async def test_whoever_joins_whenever_misses_nothing(room: Room) -> None:
    """Joining and talking at once, in every order a seed makes."""
    for seed in range(200):
        chance = random.Random(seed)
        here = Room()
        joins = []
        for _ in range(60):
            if chance.random() < 0.4:
                await here.say(chance.randint(1, 4))
            if chance.random() < 0.2:
                after = chance.randint(0, here.book.last)
                reader = Reader()
                joins.append((after, reader, asyncio.create_task(here.join(after, reader))))
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        await asyncio.gather(*(task for _, _, task in joins))
        await here.quiet()
        for after, reader, _ in joins:
            assert reader.told == list(range(after + 1, here.book.last + 1)), f"seed {seed}"


async def test_a_wake_up_between_the_last_look_and_joining_is_not_lost(room: Room) -> None:
    """The only member: while it reads there is nobody to wake."""
    joining = asyncio.create_task(room.join())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await room.say()
    reader = await joining
    await room.quiet()
    assert reader.told == [1]


async def test_polling_finds_what_nobody_told(room: Room) -> None:
    reader = await room.join()
    await room.say(2, wake=False)
    polling = asyncio.create_task(room.feeds.run())
    await aeventually(lambda: reader.told == [1, 2])
    polling.cancel()


async def test_a_database_that_was_away_costs_nothing_but_time(room: Room) -> None:
    reader = await room.join()
    room.book.failing = 2
    await room.say(2)
    await room.quiet()
    assert reader.told == [1, 2]


async def test_a_database_that_goes_while_somebody_joins_is_waited_for(room: Room) -> None:
    """The client was told that it is subscribed: it would not ask again."""
    room.book.last, room.book.failing = 2, 3
    reader = await room.join()
    await room.say()
    await room.quiet()
    assert reader.told == [1, 2, 3]


async def test_who_leaves_while_the_database_is_waited_for_is_no_member(room: Room) -> None:
    room.book.failing = 1_000_000
    reader = Reader()
    joining = asyncio.create_task(room.join(0, reader))
    await aeventually(lambda: room.book.reads > 1)
    reader.gone = True
    with pytest.raises(Gone):
        await joining
    assert room.feeds.get(room.topic) is None


async def test_who_leaves_while_joining_is_no_member(room: Room) -> None:
    room.book.last = 10
    reader = Reader()
    joining = asyncio.create_task(room.join(0, reader))
    await asyncio.sleep(0)
    reader.gone = True
    with pytest.raises(Gone):
        await joining
    assert room.feeds.get(room.topic) is None
    assert room.channels.wanted == set()


async def test_what_nobody_follows_is_forgotten(room: Room) -> None:
    one, two = await room.join(), await room.join()
    assert room.channels.wanted == {room.topic.channel}
    assert room.feeds.leave(room.topic, one) is Side.SHOPPER
    assert room.feeds.leave(room.topic, one) is None
    assert room.feeds.get(room.topic) is not None
    room.feeds.leave(room.topic, two)
    assert (room.feeds.get(room.topic), room.channels.wanted) == (None, set())
    room.feeds.wake(room.topic)


async def test_long_polls_are_woken_and_released(room: Room) -> None:
    with room.feeds.waiting(room.topic) as event:
        room.feeds.wake(room.topic)
        assert event.is_set()
        event.clear()
        room.feeds.release_waiters()
        assert event.is_set()
    assert room.feeds.get(room.topic) is None

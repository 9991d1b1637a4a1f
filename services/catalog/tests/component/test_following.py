"""The consumers as the command runs them: the shared loop, real Kafka, and an ORM in threads of its own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections
from kafka import KAFKA, records, send
from ratings import told

from bazaar_shared.consumer import Handler, Record, replay_dead_letters, run_consumer
from bazaar_shared.envelope import Event
from catalog.availability import consumer as availability
from catalog.availability.models import Availability
from catalog.operations import following
from catalog.products.models import Product
from catalog.ratings import consumer as ratings
from catalog.ratings.models import Review, Tally

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def group() -> str:
    return f"test-{uuid4().hex[:8]}"


async def follow(group: str, topics: tuple[str, str], handle: Handler, stop: asyncio.Event) -> None:
    """One consumer with a thread and a database connection of its own, as a process has."""
    async with ThreadSensitiveContext():
        await run_consumer(
            KAFKA, group=group, topics=[topics[0]], handle=handle, stop=stop, dead_letter_topic=topics[1]
        )
        await sync_to_async(connections.close_all)()


@asynccontextmanager
async def following_until(
    condition: Callable[[], Awaitable[bool]], group: str, topics: tuple[str, str], *handlers: Handler
) -> AsyncIterator[None]:
    """Consumers in one group while the block runs, and on until the condition holds."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as consumers:
        running = [consumers.create_task(follow(group, topics, handle, stop)) for handle in handlers]
        try:
            async with asyncio.timeout(60):
                yield
                while not await condition():
                    await asyncio.wait(running, timeout=0.05)
        finally:
            stop.set()
            await sync_to_async(connections.close_all)()  # those of the condition


def stock(product: Product, version: int, available: object) -> bytes:
    data = {"product_id": str(product.pk), "on_hand": 9, "reserved": 0, "available": available}
    return Event.new(
        source="/bazaar/fulfillment/inventory", type=availability.STOCK_TYPE, subject="x", version=version,
        data=data,
    ).to_json()  # fmt: skip


def test_stock_is_followed_and_bad_news_put_aside(
    market: SimpleNamespace, topics: tuple[str, str], group: str
) -> None:
    async def seen() -> bool:
        return await Availability.objects.filter(version=4).aexists()

    tea = market.assam
    news = stock(tea, 2, 5), b"no event", stock(tea, 3, "many"), stock(tea, 1, 9), stock(tea, 4, 4)

    async def run() -> None:
        async with following_until(seen, group, topics, availability.handle):
            await send(topics[0], *news)

    asyncio.run(run())
    assert list(Availability.objects.values_list("available", "version")) == [(4, 4)]
    dead = asyncio.run(records(topics[1], 2))
    assert dead[0].value == b"no event"
    assert "not a state of stock" in str(dict(dead[1].headers))


def test_reviews_are_followed_and_bad_news_put_aside(
    market: SimpleNamespace, topics: tuple[str, str], group: str
) -> None:
    """A review of a product that nobody knows holds nothing up, and neither does one of six stars."""
    review, unknown = uuid4(), uuid4()
    news = [
        told(review, market.assam.pk, 2, 4),
        told(uuid4(), unknown, 1, 2),
        told(uuid4(), market.assam.pk, 1, 6),
        told(review, market.assam.pk, 1, 1),
        told(review, market.assam.pk, 3, 5),
    ]

    async def seen() -> bool:
        return await Review.objects.filter(version=3).aexists()

    async def run() -> None:
        async with following_until(seen, group, topics, ratings.handle):
            await send(topics[0], *(event.to_json() for event in news))

    asyncio.run(run())
    assert set(Tally.objects.values_list("product_id", "count", "sum")) == {
        (market.assam.pk, 1, 5),
        (unknown, 1, 2),
    }
    (dead,) = asyncio.run(records(topics[1], 1))
    assert dead.value == news[2].to_json()
    assert "6 is not one to five stars" in str(dict(dead.headers))


def test_a_dead_letter_that_comes_back_after_newer_news_does_no_harm(
    market: SimpleNamespace, topics: tuple[str, str], group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older release could not read comes back to the consumer of the topic it was first read from."""
    hidden, shown, other = uuid4(), uuid4(), uuid4()
    monkeypatch.setitem(following.HANDLERS, topics[0], ratings.handle)
    news = [
        told(shown, market.assam.pk, 1, 1, status="hidden"),
        told(shown, market.assam.pk, 2, 5),
        told(hidden, market.assam.pk, 2, 1, status="hidden"),
        told(other, market.assam.pk, 1, 4),
    ]

    async def seen() -> bool:
        return await Review.objects.filter(pk=other).aexists()

    async def run() -> None:
        with monkeypatch.context() as older:
            older.delitem(ratings.COUNTS, "hidden")
            async with following_until(seen, group, topics, following.handle):
                await send(topics[0], *(event.to_json() for event in news))
        async with ThreadSensitiveContext():
            outcome = await replay_dead_letters(KAFKA, topics[1], group, following.handle)
            await sync_to_async(connections.close_all)()
        assert (outcome.handled, outcome.refused) == (2, 0)

    asyncio.run(run())
    assert dict(Review.objects.values_list("pk", "version")) == {shown: 2, hidden: 2, other: 1}
    assert Tally.objects.values_list("count", "sum").get() == (2, 9)


def test_two_consumers_count_the_reviews_of_one_product(
    market: SimpleNamespace, topics: tuple[str, str], group: str
) -> None:
    """Its reviews come by two partitions, each event twice: two processes change one tally at once."""
    handled = Counter[int]()
    last = [uuid4(), uuid4()]

    def counting(number: int) -> Handler:
        async def handle(event: Event, record: Record) -> None:
            await ratings.handle(event, record)
            handled[number] += 1

        return handle

    async def seen() -> bool:
        return await Review.objects.filter(pk__in=last).acount() == 2

    async def run() -> None:
        both = counting(1), counting(2)
        async with (
            AIOKafkaProducer(bootstrap_servers=KAFKA) as producer,
            following_until(seen, group, topics, *both),
        ):
            while len(handled) < 2:  # until the group is settled: a partition for each
                await spread(producer, topics[0], [told(uuid4(), market.map.pk, 1, status="hidden")] * 2)
            handled.clear()
            await spread(producer, topics[0], many_reviews(market.assam))
            await spread(producer, topics[0], [told(pk, market.map.pk, 1, status="hidden") for pk in last])

    asyncio.run(run())
    assert min(handled[1], handled[2]) > 100
    assert Tally.objects.values_list("count", "sum").get() == (40, 120)
    assert Review.objects.filter(product_id=market.assam.pk, version=3).count() == 40


def many_reviews(product: Product) -> list[Event]:
    """Three versions of forty reviews, each told twice; the last ones give three stars on average."""
    reviews = [uuid4() for _ in range(40)]
    events = [
        told(review, product.pk, version, (number + version) % 5 + 1)
        for version in (1, 2, 3)
        for number, review in enumerate(reviews)
    ]
    return events + events


async def spread(producer: AIOKafkaProducer, topic: str, events: list[Event]) -> None:
    """To the topic's two partitions by turns."""
    for number, event in enumerate(events):
        await producer.send(topic, event.to_json(), partition=number % 2)
    await producer.flush()


def test_each_topic_has_its_consumer() -> None:
    assert following.TOPICS == ("inventory.stock", "reviews.review")

"""Long polling, and orders as they are followed: told on Kafka, learnt by `consume`, pushed by replicas."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bazaar_shared.envelope import Event
from bazaar_shared.testing import aeventually
from tests.component.conftest import Market, Person, server
from tests.component.process import Process, running

TOPICS = ("orders.order", "dead-letter.chat")


def told(order: str, shopper: str, version: int, status: str, reason: str | None = None) -> Event:
    data = {"order_id": order, "shopper_id": shopper, "status": status, "reason": reason}
    more = {"total_minor": 1, "currency": "EUR", "lines": [], "basket_id": None, "basket_version": None}
    return Event.new(
        source="/bazaar/orders",
        type=f"bazaar.orders.order.{status}.v1",
        subject=order,
        version=version,
        data=data | more,
    )


async def send(servers: str, *events: Event, topic: str = "orders.order") -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        for event in events:
            await producer.send_and_wait(topic, event.to_json(), key=event.subject.encode())


@pytest.fixture
async def kafka() -> str:
    """Topics are made by the deployment: no broker of ours makes one because somebody used it."""
    servers = server("TEST_KAFKA_BOOTSTRAP")
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        missing = set(TOPICS) - set(await admin.list_topics())
        await admin.create_topics([NewTopic(topic, 1, 1) for topic in missing])
    finally:
        await admin.close()
    return servers


@pytest.fixture
async def consumer(market: Market, environment: dict[str, str], kafka: str) -> AsyncIterator[Process]:
    with running("consume", **environment | {"KAFKA_BOOTSTRAP_SERVERS": kafka}) as process:
        yield process
        assert process.stop() == 0


async def waits(market: Market, replica: int) -> None:
    await aeventually(lambda: market.replicas[replica].metric("chat_long_polls") == 1)


async def test_a_long_poll_is_woken_by_the_other_replica(market: Market) -> None:
    shopper, seller, conversation = await market.talk()
    path = f"/conversations/{conversation}/updates"
    begun = time.monotonic()
    assert await seller.done("GET", f"{path}?after=0&wait=0") == {"items": [], "last_seq": 0}
    polling = asyncio.create_task(seller.done("GET", f"{path}?wait=25", replica=1))
    await waits(market, 1)
    await shopper.write(conversation, "Hello", replica=0)
    news = await polling
    assert ([one["body"] for one in news["items"]], news["last_seq"]) == (["Hello"], 1)
    assert time.monotonic() - begun < 20
    assert (await seller.done("GET", f"{path}?after=1&wait=0.2"))["last_seq"] == 1


async def test_who_leaves_a_long_poll_leaves_nothing_behind(market: Market) -> None:
    _, seller, conversation = await market.talk()
    polling = asyncio.create_task(seller.ask("GET", f"/conversations/{conversation}/updates", replica=1))
    await waits(market, 1)
    polling.cancel()
    await aeventually(lambda: market.replicas[1].metric("chat_long_polls") == 0)


async def test_an_order_is_followed(market: Market, consumer: Process, kafka: str) -> None:
    """By socket and by long poll, at both replicas, from before its first event on."""
    shopper, stranger = market.person(), market.person()
    order = market.neighbors.order(shopper.id, market.neighbors.open_stall())
    client = await shopper.socket(0)
    await client.say(type="track", order=order)
    polling = asyncio.create_task(shopper.done("GET", f"/orders/{order}/updates", replica=1))
    await waits(market, 1)
    placed = told(order, shopper.id, 1, "pending")
    await send(kafka, placed)
    first = await client.hear("order", version=1, within=30)
    assert (first["order"], first["event"]["status"]) == (order, "pending")
    news = await polling
    assert (news["last_version"], news["items"][0]["status"]) == (1, "pending")
    confirmed = told(order, shopper.id, 2, "confirmed")
    late = told(order, shopper.id, 4, "confirmed", "parcel_left")
    await send(kafka, confirmed, placed, confirmed, told(order, shopper.id, 3, "refunding"), late)
    await client.hear("order", version=4)
    assert [one["version"] for one in client.of("order")] == [1, 2, 3, 4]
    events = (await shopper.done("GET", f"/orders/{order}/events", replica=1))["items"]
    assert [(one["version"], one["status"], one["reason"]) for one in events][-1] == (
        4,
        "confirmed",
        "parcel_left",
    )
    page = await shopper.done("GET", f"/orders/{order}/events?limit=3")
    rest = await shopper.done("GET", f"/orders/{order}/events?limit=3&cursor={page['next_cursor']}")
    assert [one["version"] for one in page["items"] + rest["items"]] == [1, 2, 3, 4]
    again = await shopper.socket(1)
    await again.say(type="track", order=order, after=2)
    await again.hear("order", version=4)
    assert [one["version"] for one in again.of("order")] == [3, 4]
    await sees_nothing(stranger, order)


async def sees_nothing(stranger: Person, order: str) -> None:
    for path in ("events", "updates?wait=0"):
        assert (await stranger.ask("GET", f"/orders/{order}/{path}")).status_code == 404
    client = await stranger.socket()
    await client.say(type="track", order=order)
    assert (await client.hear("error"))["problem"]["status"] == 404


async def test_a_killed_consumer_loses_nothing(
    market: Market, environment: dict[str, str], kafka: str
) -> None:
    shopper = market.person()
    orders = [str(uuid4()) for _ in range(50)]
    env = environment | {"KAFKA_BOOTSTRAP_SERVERS": kafka}

    async def stored() -> int:
        return await market.pool.fetchval(
            "select count(*) from order_event join tracked_order using (order_id)"
            " where shopper_id = $1::uuid",
            shopper.id,
        )

    async def learnt(count: int) -> bool:
        return await stored() >= count

    with running("consume", **env) as first:
        sending = asyncio.create_task(
            send(
                kafka,
                *(
                    told(order, shopper.id, version, status)
                    for order in orders
                    for version, status in ((1, "pending"), (2, "confirmed"))
                ),
            )
        )
        await aeventually(lambda: learnt(10), within=60)
        first.kill()
        await sending
    with running("consume", **env) as second:
        await aeventually(lambda: learnt(100), within=60)
        assert second.stop() == 0
    assert await stored() == 100
    states = await market.pool.fetch(
        "select version, status from tracked_order where shopper_id = $1::uuid", shopper.id
    )
    assert {(row["version"], row["status"]) for row in states} == {(2, "confirmed")}


async def test_what_cannot_be_handled_is_laid_aside(
    market: Market, environment: dict[str, str], consumer: Process, kafka: str
) -> None:
    """The events behind it are handled all the same; replayed, it is refused again."""
    shopper, good = market.person(), str(uuid4())
    broken = told(str(uuid4()), "nobody", 1, "pending")
    await send(kafka, broken, told(good, shopper.id, 1, "pending"))

    async def known() -> bool:
        return bool(
            await market.pool.fetchval("select true from tracked_order where order_id = $1::uuid", good)
        )

    await aeventually(known, within=60)
    async with AIOKafkaConsumer(
        "dead-letter.chat", bootstrap_servers=kafka, auto_offset_reset="earliest"
    ) as letters:
        async with asyncio.timeout(30):
            while (await letters.getone()).key != broken.subject.encode():
                pass
    replay = Process("replay-dead-letters", **environment | {"KAFKA_BOOTSTRAP_SERVERS": kafka})
    await aeventually(lambda: replay.ended is not None, within=60)
    assert replay.ended == 0

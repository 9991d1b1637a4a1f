"""Kafka beside eventlet: the asyncio processes on a real Kafka and the same databases."""

import asyncio
import json
import os
from typing import Any
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from fulfillment.consume import handler
from sqlalchemy import Engine, text
from support.processes import running

from bazaar_shared.consumer import run_consumer
from bazaar_shared.envelope import Event
from bazaar_shared.testing import aeventually
from component.helpers import add_product, rows

KAFKA = os.environ.get("TEST_KAFKA_BOOTSTRAP", "")


def product_event(product_id: str, version: int = 1) -> Event:
    return Event.new(
        source="/bazaar/catalog",
        type="bazaar.catalog.product.v1",
        subject=product_id,
        version=version,
        data={"product_id": product_id, "name": "Tea", "status": "active"},
    )


async def make(*topics: str) -> None:
    """Topics are made by the deployment: no broker of ours makes one because somebody used it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=KAFKA)
    await admin.start()
    try:
        missing = set(topics) - set(await admin.list_topics())
        await admin.create_topics([NewTopic(topic, 1, 1) for topic in missing])
    finally:
        await admin.close()


async def send(topic: str, *values: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=KAFKA) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"key")


async def read(topic: str, count: int) -> list[Any]:
    async with AIOKafkaConsumer(topic, bootstrap_servers=KAFKA, auto_offset_reset="earliest") as consumer:
        async with asyncio.timeout(30):
            return [await anext(consumer) for _ in range(count)]


async def test_new_products_get_a_stock_record_once(urls: dict[str, str], engines: dict[str, Engine]) -> None:
    topic, group = f"test.catalog.product.{uuid4().hex[:8]}", f"test-{uuid4().hex[:8]}"
    dead = f"{topic}.dead"
    await make(topic, dead)
    known, new = add_product(engines["inventory"], 7), str(uuid4())
    first = product_event(new)
    await send(
        topic,
        first.to_json(),
        first.to_json(),
        b"not an event",
        product_event(new, 2).to_json(),
        product_event(known).to_json(),
        product_event("not-a-uuid").to_json(),
    )
    stop = asyncio.Event()
    async with asyncpg.create_pool(urls["inventory"], min_size=0) as pool, asyncio.TaskGroup() as tasks:
        tasks.create_task(
            run_consumer(
                KAFKA, group=group, topics=[topic], handle=handler(pool), dead_letter_topic=dead, stop=stop
            )
        )
        letters = await read(dead, 2)
        stop.set()

    statement = "select on_hand, reserved, version from stock where product_id = :p"
    assert rows(engines["inventory"], statement, p=new) == [{"on_hand": 0, "reserved": 0, "version": 1}]
    assert rows(engines["inventory"], statement, p=known)[0]["on_hand"] == 7
    events = rows(engines["inventory"], "select envelope from outbox where key = :k", k=new)
    assert [event["envelope"]["data"] for event in events] == [
        {"product_id": new, "on_hand": 0, "reserved": 0, "available": 0}
    ]
    reasons = [dict(letter.headers)["dead-letter-reason"].decode() for letter in letters]
    assert reasons[0].startswith("InvalidEvent: not JSON")
    assert reasons[1] == "PermanentError: data.product_id: a UUID is required"


async def test_the_relay_carries_all_three_outboxes(env: dict[str, str], engines: dict[str, Engine]) -> None:
    topic = f"test.fulfillment.{uuid4().hex[:8]}"
    await make(topic)
    sent = {}
    for name in ("inventory", "payments", "shipping"):
        event = Event.new(source=f"/test/{name}", type="test", subject=str(uuid4()), version=1, data={})
        sent[event.id] = event.subject
        with engines[name].begin() as connection:
            connection.execute(
                text("insert into outbox (topic, key, envelope) values (:t, :k, cast(:e as jsonb))"),
                {"t": topic, "k": event.subject, "e": event.to_json().decode()},
            )
    with running("relay", **env) as relay:
        records = await read(topic, 3)
        assert {json.loads(record.value)["id"]: record.key.decode() for record in records} == sent
        for name in ("inventory", "payments", "shipping"):
            await aeventually(lambda name=name: unsent(engines[name], topic) == 0)
            assert f'"{name}_kafka": "ok"' in relay.managed("/health/ready")[1]
        assert relay.terminate()[0] == 0


async def test_the_consumer_process_becomes_ready_and_stops(env: dict[str, str]) -> None:
    await make("catalog.product", "dead-letter.fulfillment")
    await send("catalog.product", product_event(str(uuid4())).to_json())
    with running("consume", **env) as consume:
        code, seconds = consume.terminate()
    assert (code, seconds < 10) == (0, True)


def unsent(engine: Engine, topic: str) -> int:
    return len(rows(engine, "select 1 from outbox where topic = :t and sent_at is null", t=topic))

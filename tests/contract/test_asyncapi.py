"""Every event on Kafka is what shared/contracts/asyncapi promises: envelope, key, version and payload."""

from __future__ import annotations

import asyncio
import json
import os
from collections import defaultdict
from contextlib import suppress
from typing import Any

import pytest
import yaml
from aiokafka import AIOKafkaConsumer
from jsonschema import Draft202012Validator

from bazaar_shared.envelope import Event
from tests.kit.beside import click, tell_clicks
from tests.kit.load import Filling
from tests.kit.market import ROOT, Shopper, eventually

BOOTSTRAP = os.environ.get("KAFKA_BOOTSTRAP", "127.0.0.1:19092")
CONTRACT = yaml.safe_load((ROOT / "shared" / "contracts" / "asyncapi" / "bazaar.yaml").read_text("utf-8"))
TOPICS = [
    "catalog.product", "inventory.stock", "basket.basket", "orders.order", "shipping.parcel",
    "payments.payment", "reviews.review", "clicks", "insights.alert",
]  # fmt: skip


async def everything() -> dict[str, list[Any]]:
    """All records that stand on the topics now."""
    consumer = AIOKafkaConsumer(
        *TOPICS, bootstrap_servers=BOOTSTRAP, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()  # without a group: it has every partition
    records: dict[str, list[Any]] = defaultdict(list)
    try:
        partitions = consumer.assignment()
        assert {partition.topic for partition in partitions} == set(TOPICS)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                batch = await consumer.getmany(partition, timeout_ms=2000)
                records[partition.topic] += [record for found in batch.values() for record in found]
    finally:
        with suppress(asyncio.CancelledError):  # aiokafka lets its own cancelled task be seen
            await consumer.stop()
    return records


@pytest.fixture(scope="module")
def records(shopper: Shopper, goods: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """After a purchase, a declined one and a refund, so that each kind of fact is there; the demo market has
    reviews.
    """
    Filling(shopper).fill(goods[3:5], within=30)
    orders = [shopper.buy([(goods[0], 1)]), shopper.buy([(goods[1], 1)], token="tok_decline")]
    for order in orders:
        shopper.settled(order["id"])
    refund = shopper.buy([(goods[2], 1)])
    shopper.settled(refund["id"])
    shopper.post(f"/api/orders/{refund['id']}/cancel")
    # five orders of one shopper within ten minutes are unusual; what is clicked is told
    for _ in range(2):
        shopper.buy([(goods[1], 1)], token="tok_decline")
    assert tell_clicks(click("view", product_id=goods[0]["id"])).status_code == 202

    def whole() -> dict[str, list[Any]]:
        found = asyncio.run(everything())
        return found if set(TOPICS) <= set(found) else {}

    return eventually(whole, within=60, every=1, what="an event on each topic")


@pytest.mark.parametrize("topic", TOPICS)
def test_every_event_is_what_the_contract_says(records: dict[str, list[Any]], topic: str) -> None:
    assert records[topic], f"no event on {topic}"
    for record in records[topic]:
        event = Event.from_json(record.value)
        # a click's key is its session, so that a session's clicks stand in order
        assert record.key.decode() == (event.data["session_id"] if topic == "clicks" else event.subject)
        assert dict(record.headers)["content-type"] == b"application/cloudevents+json"
        assert event.version >= 1
        schema = payload_schema(topic, event.type)
        errors = [error.message for error in Draft202012Validator(schema).iter_errors(event.data)]
        assert errors == [], (event.type, errors, event.data)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_facts_event_carries_the_trace_of_its_cause(records: dict[str, list[Any]], topic: str) -> None:
    for record in records[topic][-5:]:
        event = Event.from_json(record.value)
        if event.traceparent:
            assert (
                dict(record.headers)["traceparent"].decode().split("-")[1] == event.traceparent.split("-")[1]
            )


def test_the_facts_of_an_order_stand_in_the_order_of_their_versions(records: dict[str, list[Any]]) -> None:
    versions: dict[str, list[int]] = defaultdict(list)
    for record in records["orders.order"]:
        event = Event.from_json(record.value)
        if event.version not in versions[event.subject]:  # at least once: a repeat is allowed
            versions[event.subject].append(event.version)
    assert versions
    for order_id, seen in versions.items():
        assert seen == sorted(seen), (order_id, seen)


def test_no_personal_data_is_in_any_event(records: dict[str, list[Any]], shopper: Shopper) -> None:
    for found in records.values():
        for record in found:
            text = record.value.decode()
            assert shopper.email not in text
            assert "Torstra" not in json.dumps(json.loads(text), ensure_ascii=False)


def payload_schema(topic: str, event_type: str) -> dict[str, Any]:
    """The JSON Schema of a message's data, by the CloudEvents type that names the message."""
    messages = CONTRACT["components"]["messages"]
    found = [message for message in messages.values() if message.get("name") == event_type]
    assert found, f"{event_type} on {topic} is in no contract"
    schema = found[0]["payload"]
    return {"components": CONTRACT["components"], **schema}

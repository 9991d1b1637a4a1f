"""From 6 partitions to 12, as the README has it, with every number the same afterwards."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import insights
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from insights import repartition
from insights.provision import create, partitions
from insights.settings import load
from insights.topology import PARTITIONS, TABLES, Wanted

from bazaar_shared.testing import aeventually
from tests.component.conftest import Market
from tests.component.history import history
from tests.component.process import Worker
from tests.events import encoded, new_id

MORE = 2 * PARTITIONS


def edited(folder: Path) -> str:
    """The package with another number in it, as it would be deployed; it goes before the installed one."""
    copy = folder / "edited" / "insights"
    shutil.copytree(Path(insights.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    topology = copy / "topology.py"
    text = topology.read_text("utf-8")
    assert f"PARTITIONS = {PARTITIONS}\n" in text
    topology.write_text(text.replace(f"PARTITIONS = {PARTITIONS}\n", f"PARTITIONS = {MORE}\n"), "utf-8")
    return str(copy.parent)


async def tell(market: Market, events: list[dict[str, Any]]) -> None:
    async with market.producing() as producer:
        for event in events:
            await producer.send(market.names.orders, encoded(event), key=event["subject"].encode())
        await producer.flush()


async def until_total(market: Market, worker: Worker, expected: dict[str, dict[str, int]]) -> None:
    def equal() -> bool:
        for seller, total in expected.items():
            body = worker.asked(f"/sellers/{seller}/revenue", market.operator())[1]
            assert body
            assert body["total"] == total
        return True

    await aeventually(lambda: asyncio.to_thread(equal), within=60, every=0.5)


async def test_twice_as_many_partitions_and_the_same_sums(market: Market, tmp_path: Path) -> None:
    await market.open()
    sellers = [new_id() for _ in range(3)]
    told = history(300, sellers, seed=9)
    half = len(told.events) // 2
    worker = await asyncio.to_thread(market.worker().until_ready)
    # cut in the middle: orders whose events stand before and after the change
    await tell(market, told.events[:half])
    await aeventually(lambda: worker.metric("consumer_handled_total") > half / 2, within=60)
    alerts = len(await market.read(market.names.alerts))
    market.environment["PYTHONPATH"] = edited(tmp_path)
    with pytest.raises(AssertionError, match="stop every worker first"):
        market.run("repartition")
    assert worker.stop() == 0

    market.run("repartition")
    market.run("repartition")  # once more is harmless

    there = await partitions(market.brokers)
    ours = {name: count for name, count in there.items() if name.startswith(market.prefix)}
    assert len(ours) == 6 + 3 + len(TABLES)
    assert set(ours.values()) == {MORE}
    market.partitions = MORE
    await tell(market, told.events[half:])
    worker = await asyncio.to_thread(market.worker().until_ready)
    await until_total(market, worker, told.totals)
    assert market.books() == told.books
    assert alerts <= len(await market.read(market.names.alerts))


@dataclass(frozen=True)
class Left:
    """What an interrupted run has left of a topic, and of its copy."""

    topic: int | None  # partitions
    topic_has: int  # of the events
    copy_has: int
    whole: bool


@pytest.mark.parametrize(
    "left",
    [
        Left(PARTITIONS, topic_has=30, copy_has=10, whole=False),
        Left(PARTITIONS, topic_has=30, copy_has=30, whole=True),
        Left(None, topic_has=0, copy_has=30, whole=True),
        Left(MORE, topic_has=10, copy_has=30, whole=True),
        # the deployment has made it as it was
        Left(PARTITIONS, topic_has=0, copy_has=30, whole=True),
        Left(MORE, topic_has=30, copy_has=30, whole=False),
    ],
    ids=["copying", "copied", "deleted", "half back", "made by others", "back"],
)
async def test_interrupted_it_is_done_again(market: Market, tmp_path: Path, left: Left) -> None:
    topic, aside, whole = (f"{market.names.orders}{end}" for end in ("", ".aside", ".aside-whole"))
    values = [f"{number}".encode() for number in range(30)]
    made = [Wanted(aside)] + ([Wanted(topic, left.topic)] if left.topic else [])
    await create(market.brokers, [*made, *([Wanted(whole, 1)] if left.whole else [])])
    async with market.producing() as producer:
        for name, count in ((topic, left.topic_has), (aside, left.copy_has)):
            for value in values[:count]:
                await producer.send(name, value, key=value)
        await producer.flush()

    market.environment["PYTHONPATH"] = edited(tmp_path)
    market.run("repartition")

    market.partitions = MORE
    assert sorted(record.value for record in await market.read(topic)) == sorted(values)
    there = await partitions(market.brokers)
    assert (there[topic], aside in there, whole in there) == (MORE, False, False)


async def test_who_writes_meanwhile_loses_nothing(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused, with the topic whole and the group where it was; done again when it is quiet."""
    orders = market.names.orders
    await create(market.brokers, [Wanted(orders)])
    await market.raw(orders, b"first")
    reader = AIOKafkaConsumer(
        bootstrap_servers=market.brokers, group_id=market.names.app_id, enable_auto_commit=False
    )
    await reader.start()
    position = {TopicPartition(orders, 0): 1}
    reader.assign(list(position))
    await reader.commit(position)
    await reader.stop()
    copy = repartition._copy

    async def somebody_writes(servers: str, source: str, target: str) -> int:
        copied = await copy(servers, source, target)
        await market.raw(orders, b"second")
        return copied

    market.environment["STATE_DIR"] = str(market.home / "none")
    monkeypatch.setattr(repartition, "PARTITIONS", MORE)
    monkeypatch.setattr(repartition, "_copy", somebody_writes)
    with pytest.raises(repartition.StillWriting, match=f"writes to {orders}"):
        await repartition.repartition(load(market.environment))

    assert [record.value for record in await market.read(orders)] == [b"first", b"second"]
    admin = AIOKafkaAdminClient(bootstrap_servers=market.brokers)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(market.names.app_id)
    finally:
        await admin.close()
    assert {partition: each.offset for partition, each in offsets.items()} == position


async def test_records_keep_their_headers_and_times_and_a_topic_its_settings(
    market: Market, tmp_path: Path
) -> None:
    orders = market.names.orders
    await create(market.brokers, [Wanted(orders, config={"retention.ms": "-1"})])
    async with market.producing() as producer:
        long_ago = 1_700_000_000_000
        await producer.send_and_wait(orders, b"v", key=b"k", headers=[("h", b"1")], timestamp_ms=long_ago)
        await producer.send_and_wait(orders, None, key=b"k")
    market.environment["PYTHONPATH"] = edited(tmp_path)
    market.run("repartition")

    market.partitions = MORE
    first, second = await market.read(orders)
    assert (first.value, first.headers, first.timestamp) == (b"v", (("h", b"1"),), long_ago)
    assert (second.value, second.partition) == (None, first.partition)
    admin = AIOKafkaAdminClient(bootstrap_servers=market.brokers)
    await admin.start()
    try:
        [told] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, orders)])
    finally:
        await admin.close()
    assert ("retention.ms", "-1") in [entry[:2] for *_, entries in told.resources for entry in entries]

"""A worker and what it finds when it starts."""

import asyncio
from datetime import UTC, datetime

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from insights.provision import create

from bazaar_shared.testing import aeventually, eventually
from tests.component.conftest import Market
from tests.events import line, new_id, order


async def test_it_waits_for_topics_that_are_missing(market: Market) -> None:
    wanted = list(market.names.all())
    await create(market.brokers, [topic for topic in wanted if topic.name != market.names.clicks])
    worker = market.worker()

    def waits() -> bool:
        status, body = worker.managed("/health/ready")
        assert status == 503
        return f"missing: {market.names.clicks}" in body

    await aeventually(lambda: asyncio.to_thread(waits), within=20)
    assert worker.managed("/health/live")[0] == 200
    # told while nobody reads
    seller = new_id()
    await market.tell(market.names.orders, order("confirmed", [line(seller, 100)], time=datetime.now(UTC)))
    await create(market.brokers, [topic for topic in wanted if topic.name == market.names.clicks])
    await asyncio.to_thread(worker.until_ready)

    def counted() -> bool:
        body = worker.asked(f"/sellers/{seller}/revenue", market.operator())[1]
        return bool(body["total"]["orders"] == 1)

    await aeventually(lambda: asyncio.to_thread(counted), within=20)


async def test_it_does_not_start_on_topics_that_are_split_otherwise(market: Market) -> None:
    await create(market.brokers, market.names.all())
    admin = AIOKafkaAdminClient(bootstrap_servers=market.brokers)
    await admin.start()
    await admin.create_partitions({market.names.orders: NewPartitions(total_count=7)})
    await admin.close()
    worker = market.worker()
    assert await aeventually(lambda: worker.ended, within=30) == 2


def test_without_a_broker_it_lives_and_is_not_ready_and_stops_at_once(market: Market) -> None:
    market.environment["KAFKA_BOOTSTRAP_SERVERS"] = "127.0.0.1:1"
    worker = market.worker()
    eventually(lambda: worker.managed("/health/live")[0] == 200, within=20)
    status, body = worker.managed("/health/ready")
    assert status == 503
    assert '"kafka"' in body
    assert worker.stop() == 0

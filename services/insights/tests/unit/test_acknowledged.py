"""Nothing is committed before Kafka has what came of it, and never when it did not take it."""

import asyncio

import pytest
from faust.exceptions import ProducerSendError
from insights import acknowledged
from insights.acknowledged import AcknowledgedProducer

from tests.unit.conftest import Unit


@pytest.fixture
async def producer(unit: Unit) -> AcknowledgedProducer:
    found = unit.app.producer
    assert isinstance(found, AcknowledgedProducer)
    return found


async def flushing(producer: AcknowledgedProducer) -> asyncio.Task[None]:
    task = asyncio.create_task(producer.flush())
    await asyncio.sleep(0)
    return task


async def test_the_flush_before_a_commit_waits_for_every_write(producer: AcknowledgedProducer) -> None:
    first, second = asyncio.Future[None](), asyncio.Future[None]()
    producer.watch(first)
    producer.watch(second)
    task = await flushing(producer)
    first.set_result(None)
    await asyncio.sleep(0)
    assert not task.done()
    # what comes of later records is not waited for: else a busy stream would never commit
    producer.watch(asyncio.Future[None]())
    second.set_result(None)
    await asyncio.wait_for(task, 1)


async def test_a_write_that_failed_ends_it_for_good(producer: AcknowledgedProducer) -> None:
    failed = asyncio.Future[None]()
    producer.watch(failed)
    task = await flushing(producer)
    failed.set_exception(RuntimeError("the broker said no"))
    with pytest.raises(ProducerSendError, match="the broker said no"):
        await task
    # what it took away from the changelog no later commit may pass over
    with pytest.raises(ProducerSendError):
        await (await flushing(producer))


async def test_the_wait_for_kafka_has_an_end(
    producer: AcknowledgedProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledged, "_PATIENCE", 0.01)
    producer.watch(asyncio.Future[None]())
    with pytest.raises(ProducerSendError, match="did not acknowledge 1 writes"):
        await (await flushing(producer))


async def test_what_is_held_back_is_committed_after_it(unit: Unit, producer: AcknowledgedProducer) -> None:
    with unit.app.held_back():
        task = await flushing(producer)
        await asyncio.sleep(0)
        assert not task.done()
    await asyncio.wait_for(task, 1)

"""Workers that are killed: the totals are those of the source, to the cent."""

import asyncio
import os
import shutil
from typing import Any

import pytest

from bazaar_shared.testing import aeventually
from tests.component.conftest import Market
from tests.component.history import history
from tests.component.process import Worker
from tests.events import encoded, new_id

FULL = os.environ.get("FULL") == "1"
DISKS = ("kept", "lost") if FULL else ("kept",)
# a worker that was killed keeps its partitions for a while
BACK = 60


async def started(market: Market) -> Worker:
    return await asyncio.to_thread(market.worker().until_ready)


async def until_total(market: Market, worker: Worker, expected: dict[str, dict[str, int]]) -> None:
    def equal() -> bool:
        for seller, total in expected.items():
            status, body = worker.asked(f"/sellers/{seller}/revenue?minutes=60", market.operator())
            assert status == 200, body
            assert body["total"] == total
            # all of it happened within the last hour
            shown = body["minutes"]
            assert sum(minute["orders"] for minute in shown) == total["orders"]
            assert sum(minute["revenue_minor"] for minute in shown) == total["revenue_minor"]
        return True

    await aeventually(lambda: asyncio.to_thread(equal), within=BACK, every=0.5)


async def tell(market: Market, events: list[dict[str, Any]]) -> None:
    async with market.producing() as producer:
        for event in events:
            await producer.send(market.names.orders, encoded(event), key=event["subject"].encode())
        await producer.flush()


def handled(worker: Worker) -> float:
    return worker.metric("consumer_handled_total")


@pytest.mark.parametrize("disk", DISKS)
async def test_killed_amid_the_stream_and_rebuilt_from_the_topics(market: Market, disk: str) -> None:
    await market.open()
    sellers = [new_id() for _ in range(5)]
    told = history(3000 if FULL else 1200, sellers, seed=7)
    worker = await started(market)

    telling = asyncio.create_task(tell(market, told.events))
    for share in (0.2, 0.5):
        wanted = share * len(told.events)
        await aeventually(lambda worker=worker, wanted=wanted: handled(worker) > wanted, within=BACK)
        worker.kill()
        if disk == "lost":
            shutil.rmtree(market.home / "one")
        worker = await started(market)
        if not FULL:
            break
    await telling

    await until_total(market, worker, told.totals)
    assert market.books() == told.books

    # thrown away and derived anew: the same
    assert worker.stop() == 0
    market.run("reset")
    assert not (market.home / "one").exists()
    worker = await started(market)
    await until_total(market, worker, told.totals)
    assert market.books() == told.books


if FULL:

    async def test_what_the_disk_had_is_in_the_changelog_too(market: Market) -> None:
        """Killed and bereft of its disk, a worker knows all that was committed: nothing was committed before
        Kafka had what came of it.
        """
        await market.open()
        told = history(400, [new_id() for _ in range(3)], seed=8)
        worker = await started(market)
        await tell(market, told.events)
        await until_total(market, worker, told.totals)
        await aeventually(lambda: worker.metric("consumer_lag") == 0, within=10)
        worker.kill()
        shutil.rmtree(market.home / "one")

        # what a worker would have read again is not what is looked at here
        assert market.books() == told.books
        worker = await started(market)
        await until_total(market, worker, told.totals)

    async def test_reset_refuses_while_a_worker_runs(market: Market) -> None:
        await market.open()
        worker = await started(market)
        with pytest.raises(AssertionError, match="stop every worker first"):
            market.run("reset")
        assert worker.is_ready()

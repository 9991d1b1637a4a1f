"""Two workers: each has its partitions, and both answer everything."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bazaar_shared.testing import aeventually
from tests.component.conftest import Market
from tests.events import click, line, new_id, order


async def until(check: Callable[[], bool], within: float = 60) -> None:
    await aeventually(lambda: asyncio.to_thread(check), within=within, every=0.5)


async def test_reads_find_the_worker_that_has_them_and_one_takes_over_from_the_other(market: Market) -> None:
    await market.open()
    one, two = market.worker("one"), market.worker("two")

    def shared() -> bool:
        assert one.is_ready()
        assert two.is_ready()
        return one.metric("insights_partitions") == two.metric("insights_partitions") == 3

    await until(shared)
    now = datetime.now(UTC)
    sellers = [new_id() for _ in range(8)]
    products = [new_id() for _ in range(8)]
    await market.tell(
        market.names.orders, *(order("confirmed", [line(each, 100)], time=now) for each in sellers)
    )
    for product in products:
        await market.tell(market.names.clicks, click("view", product_id=product, at=now), key=new_id())
    token = market.operator()

    def answers(worker: Any) -> bool:
        for seller in sellers:
            status, body = worker.asked(f"/sellers/{seller}/revenue", token)
            assert (status, body.get("total")) == (200, {"orders": 1, "revenue_minor": 100})
        trending = worker.asked("/trending?limit=50")[1]["items"]
        assert {item["product_id"] for item in trending} == set(products)
        assert [step["sessions"] for step in worker.asked("/funnel", token)[1]["steps"]] == [8, 0, 0, 0]
        return True

    await until(lambda: answers(one) and answers(two))

    two.kill()
    # half an answer is none: who needs the dead one's share is told to come again
    assert one.asked("/funnel", token)[0] == 503
    await until(lambda: one.metric("insights_partitions") == 6 and answers(one))

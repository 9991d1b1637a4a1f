"""Keys that are times end: what nobody will ask for again is thrown away, on this worker's disk. In Kafka the
changelog's own retention does it (topology.py), so no tombstones are written.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from time import time
from typing import Any

from faust.types.tables import TableT

from insights.acknowledged import Insights
from insights.buckets import DAY, LATENESS, SESSIONS_KEPT, TRENDING_EXPIRES
from insights.tables import Tables

logger = logging.getLogger(__name__)

EVERY = 600.0
_AT_ONCE = 500

# of a key and its value: when it was last of use
type Age = Callable[[Any, Any], float]


def _of_key(key: str, _: Any) -> float:
    return float(key.rpartition("|")[2])


def _of_window(key: Any, _: Any) -> float:
    return float(key[1][1])


def _of_session(_: str, value: list[int]) -> float:
    return float(value[0])


def _of_shopper(_: str, orders: Mapping[str, float]) -> float:
    return max(orders.values(), default=0.0)


def ages(tables: Tables) -> tuple[tuple[TableT[Any, Any], Age, int], ...]:
    return (
        (tables.click_minutes, _of_key, LATENESS + DAY // 24),
        (tables.trending.table, _of_window, TRENDING_EXPIRES),
        (tables.shoppers, _of_shopper, DAY),
        (tables.sessions, _of_session, SESSIONS_KEPT),
        (tables.session_minutes, _of_key, SESSIONS_KEPT),
        (tables.session_hours, _of_key, SESSIONS_KEPT),
    )


async def expire(tables: Tables, now: float) -> int:
    """How many were thrown away."""
    count = 0
    for table, age, kept in ages(tables):
        old = [key for key, value in table.items() if age(key, value) < now - kept]
        for number, key in enumerate(old):
            # the store's own deletion: the table's would want an event that it is caused by
            del table.data[key]
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
        count += len(old)
    return count


def install(app: Insights, tables: Tables) -> None:
    @app.timer(EVERY, name="expiry")  # type: ignore[untyped-decorator]
    async def throw_away() -> None:
        if not app.rebalancing:
            count = await expire(tables, time())
            logger.info("old keys thrown away", extra={"keys": count})

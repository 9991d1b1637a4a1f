"""The one way a basket changes: version, log of changes and event, in the transaction of the change.

Who calls `record` holds the baskets' locks.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from basket.events.outgoing import TOPIC, basket_event
from basket.models import Basket, BasketChange, ChangeKind, Product
from bazaar_shared.outbox import INSERT_SQL, NOTIFY_SQL

_RECORDED = ("version", "status", "order_id", "merged_into_id", "left_out", "updated_at", "touched_at")


@dataclass(frozen=True, slots=True)
class Change:
    kind: ChangeKind
    product_id: UUID
    name: str
    was: int | None = None
    now: int | None = None

    @classmethod
    def of(
        cls, kind: ChangeKind, product: Product, was: int | None = None, now: int | None = None
    ) -> "Change":
        return cls(kind, product.id, product.name, was, now)


async def record(connection: BaseDBAsyncClient, changed: Sequence[tuple[Basket, Sequence[Change]]]) -> None:
    """Each basket gets its next version. Their lines are loaded anew, with their products."""
    if not changed:
        return
    now = datetime.now(UTC)
    log = []
    for basket, changes in changed:
        basket.version += 1
        basket.updated_at = now
        log += [_logged(basket, change) for change in changes]
    baskets = [basket for basket, _ in changed]
    await Basket.bulk_update(baskets, fields=_RECORDED)
    await BasketChange.bulk_create(log)
    await publish(connection, baskets)


async def publish(connection: BaseDBAsyncClient, baskets: Sequence[Basket]) -> None:
    await with_lines(baskets)
    events = [basket_event(basket) for basket in baskets]
    rows = [[TOPIC, event.subject, json.dumps(event.to_dict(), allow_nan=False)] for event in events]
    await connection.execute_many(INSERT_SQL, rows)
    await connection.execute_query(NOTIFY_SQL)


async def with_lines(baskets: Sequence[Basket]) -> None:
    await Basket.fetch_for_list(list(baskets), "lines__product")


def touch(basket: Basket) -> None:
    """Its owner was here: a guest's basket lives on from now."""
    basket.touched_at = datetime.now(UTC)


def _logged(basket: Basket, change: Change) -> BasketChange:
    values: dict[str, Any] = {name: getattr(change, name) for name in Change.__slots__}
    return BasketChange(basket_id=basket.id, version=basket.version, **values)

"""`python -m basket export`: the books, for operators and the audit. One JSON object a line, read in one
snapshot.
"""

import json
import sys
from typing import Any
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from basket.database import connected, snapshot
from basket.models import Basket
from basket.settings import Settings

_CHUNK = 500
_OUTBOX = """
select count(*) as unsent,
  coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest_age_seconds
from outbox where sent_at is null
"""


async def export(settings: Settings) -> None:
    async with connected(settings), snapshot() as connection:
        last = UUID(int=0)
        while baskets := await _next(last):
            for basket in baskets:
                _write(_line(basket))
            last = baskets[-1].id
        _write(await _outbox(connection))


async def _next(last: UUID) -> list[Basket]:
    return await Basket.filter(id__gt=last).order_by("id").limit(_CHUNK).prefetch_related("lines")


def _line(basket: Basket) -> dict[str, Any]:
    return {
        "kind": "basket",
        "id": basket.id,
        "status": basket.status.value,
        "version": basket.version,
        "order_id": basket.order_id,
        # whose it is is nobody's business here: a member's, or a guest's
        "shopper": not basket.is_guests,
        "lines": [{"product_id": line.product_id, "quantity": line.quantity} for line in basket.lines],
        "updated_at": basket.updated_at.isoformat().replace("+00:00", "Z"),
    }


async def _outbox(connection: BaseDBAsyncClient) -> dict[str, Any]:
    return {"kind": "outbox", **(await connection.execute_query_dict(_OUTBOX))[0]}


def _write(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row, default=str, separators=(",", ":")) + "\n")

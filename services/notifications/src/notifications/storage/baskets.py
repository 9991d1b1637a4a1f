"""Members' baskets that were left."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, func, literal, select
from sqlalchemy import text as sql

from notifications.domain.intents import Template
from notifications.storage.tables import baskets, intents

# whoever did not come back for this long does not want to be asked any more
_TOO_LATE = timedelta(days=7)
_BATCH = 500


def abandoned(connection: Connection, after: timedelta) -> list[Row[Any]]:
    """(basket_id, contents_version, shopper_id) of those nobody was reminded of yet."""
    cause = literal("basket:") + sql("baskets.basket_id::text") + literal(":")
    reminded = select(intents.c.id).where(
        intents.c.cause == cause.op("||")(sql("baskets.contents_version::text")),
        intents.c.template == Template.BASKET_ABANDONED,
    )
    age = func.now() - baskets.c.contents_at
    left = and_(
        baskets.c.status == "open",
        baskets.c.shopper_id.is_not(None),
        func.jsonb_array_length(baskets.c.lines) > 0,
        age >= after,
        age < after + _TOO_LATE,
        ~reminded.exists(),
    )
    statement = select(baskets.c.basket_id, baskets.c.contents_version, baskets.c.shopper_id).where(left)
    return list(connection.execute(statement.order_by(baskets.c.contents_at).limit(_BATCH)))


def still_left(connection: Connection, basket_id: UUID, version: int) -> Row[Any] | None:
    """The basket if it is as it was when its reminder was meant."""
    same = and_(
        baskets.c.basket_id == basket_id, baskets.c.status == "open", baskets.c.contents_version == version
    )
    return connection.execute(select(baskets).where(same)).one_or_none()

"""The market's list shape over keyset pagination: each page costs the same, and no row comes twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.orm import Session

from bazaar_shared.pagination import InvalidCursor, decode, encode
from reviews.models import Review

_SHAPE = {"order": str, "rank": int, "at": str, "id": str}


@dataclass(frozen=True, slots=True)
class Ordering:
    """Descending by (rank, created_at, id); a constant rank for those that are by time alone."""

    name: str
    rank: ColumnElement[int] | None = None
    sign: int = 0

    @property
    def columns(self) -> tuple[Any, ...]:
        by_time = (Review.created_at, Review.id)
        return by_time if self.rank is None else (self.rank, *by_time)

    def position(self, review: Review) -> dict[str, Any]:
        return {
            "order": self.name,
            "rank": review.rating * self.sign,
            "at": review.created_at.isoformat(),
            "id": str(review.id),
        }


NEWEST = Ordering("newest")
ORDERINGS: Mapping[str, Ordering] = {
    "newest": NEWEST,
    "highest": Ordering("highest", Review.rating.expression, 1),
    "lowest": Ordering("lowest", -Review.rating, -1),
}


def page_of(
    session: Session, rows: Select[Review], ordering: Ordering, limit: int, cursor: str | None
) -> tuple[Sequence[Review], str | None]:
    """One page and the cursor of the next; one row more than asked for tells whether there is one."""
    if cursor is not None:
        rows = rows.where(tuple_(*ordering.columns) < tuple_(*_read(cursor, ordering)))
    rows = rows.order_by(*(column.desc() for column in ordering.columns)).limit(limit + 1)
    found = session.scalars(rows).all()
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], encode(ordering.position(last)) if last else None


def _read(cursor: str, ordering: Ordering) -> tuple[Any, ...]:
    position = decode(cursor, _SHAPE)  # clients make cursors up
    if position["order"] != ordering.name:
        raise InvalidCursor("the cursor belongs to another ordering")
    try:
        at, key = datetime.fromisoformat(position["at"]), UUID(position["id"])
    except ValueError as error:
        raise InvalidCursor("the cursor cannot be read") from error
    if at.tzinfo is None or not -5 <= position["rank"] <= 5:
        raise InvalidCursor("the cursor cannot be read")
    return (at, key) if ordering.rank is None else (position["rank"], at, key)

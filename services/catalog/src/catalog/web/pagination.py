"""The list shape of all APIs over keyset pagination: each page costs the same, and no row comes twice."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from bazaar_shared.pagination import DEFAULT_LIMIT, MAX_LIMIT, InvalidCursor, decode, encode, page
from catalog.web.fields import StrictFields


class Query(StrictFields):
    """Query parameters, validated like a body: a filter with a typing error must not find everything."""

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        query = cls(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return dict(query.validated_data)


class PageQuery(Query):
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT)
    cursor = serializers.CharField(max_length=1024, required=False)


def read_text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError(value)
    return value


def read_integer(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**31:
        raise ValueError(value)
    return value


def read_number(value: Any) -> float:
    if type(value) is not float or not isfinite(value):
        raise ValueError(value)
    return value


def read_time(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    # Python knows offsets that PostgreSQL does not
    return moment.astimezone(UTC)


@dataclass(frozen=True)
class Ordering:
    """A total order: one column and the key as its tie-breaker, both in the same direction.

    `read` turns what a cursor holds into the column's value, or raises ValueError: clients make cursors up.
    """

    name: str
    column: str
    read: Callable[[Any], Any]
    descending: bool = False

    def apply[M: Model](self, rows: QuerySet[M]) -> QuerySet[M]:
        sign = "-" if self.descending else ""
        return rows.order_by(f"{sign}{self.column}", f"{sign}pk")

    def after(self, value: Any, key: Any) -> Q:
        beyond = "lt" if self.descending else "gt"
        # the first condition alone bounds the index scan; the other two only break ties
        return Q(**{f"{self.column}__{beyond}e": value}) & (
            Q(**{f"{self.column}__{beyond}": value}) | Q(**{f"pk__{beyond}": key})
        )


def paginate[M: Model](
    rows: QuerySet[M], ordering: Ordering, query: Mapping[str, Any], show: Callable[[list[M]], Sequence[Any]]
) -> dict[str, Any]:
    """One page as `{"items", "next_cursor"}`; one row more than asked for tells whether another follows."""
    if cursor := query.get("cursor"):
        rows = rows.filter(ordering.after(*_position(cursor, ordering, rows.model)))
    limit: int = query["limit"]
    found = list(ordering.apply(rows)[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return page(show(found[:limit]), _cursor(last, ordering) if last else None)


def _cursor(row: Model, ordering: Ordering) -> str:
    value = getattr(row, ordering.column)
    told = value.isoformat() if isinstance(value, datetime) else value
    return encode({"order": ordering.name, "value": told, "key": str(row.pk)})


def _position(cursor: str, ordering: Ordering, model: type[Model]) -> tuple[Any, Any]:
    position = decode(cursor)
    if position.keys() != {"order", "value", "key"} or position["order"] != ordering.name:
        raise InvalidCursor("the cursor belongs to another list or ordering")
    try:
        return ordering.read(position["value"]), model._meta.pk.to_python(read_text(position["key"]))
    except (ValueError, TypeError, OverflowError, ValidationError) as error:
        raise InvalidCursor("the cursor cannot be read") from error

"""What comes over the wire is checked here, once, and becomes typed values or an InvalidRequest naming the
field.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Never
from uuid import UUID

from fulfillment.errors import InvalidRequest

MAX_LINES = 50
MAX_QUANTITY = 10_000
MAX_AMOUNT_MINOR = 100_000_000_00


@dataclass(frozen=True, slots=True)
class Line:
    product_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class SellerLine:
    product_id: UUID
    seller_id: UUID
    quantity: int


def invalid(field: str, reason: str) -> Never:
    raise InvalidRequest({"field": field, "reason": reason})


def uuid(value: Any, field: str) -> UUID:
    try:
        return UUID(value) if isinstance(value, str) else invalid(field, "must be a UUID string")
    except ValueError:
        invalid(field, "must be a UUID string")


def integer(value: Any, field: str, *, low: int, high: int) -> int:
    # bool is an int in Python: `true` must not buy one piece
    if not isinstance(value, int) or isinstance(value, bool):
        invalid(field, "must be an integer")
    if not low <= value <= high:
        invalid(field, f"must be between {low} and {high}")
    return value


def text(value: Any, field: str, *, longest: int) -> str:
    if not isinstance(value, str) or not value.strip():
        invalid(field, "must be a text that is not empty")
    if len(value) > longest:
        invalid(field, f"must not be longer than {longest} characters")
    return value


def lines(value: Any) -> tuple[Line, ...]:
    rows = _rows(value, {"product_id", "quantity"})
    parsed = tuple(
        Line(
            uuid(row["product_id"], f"lines[{i}].product_id"),
            integer(row["quantity"], f"lines[{i}].quantity", low=1, high=MAX_QUANTITY),
        )
        for i, row in enumerate(rows)
    )
    _no_product_twice([line.product_id for line in parsed])
    return parsed


def seller_lines(value: Any) -> tuple[SellerLine, ...]:
    rows = _rows(value, {"product_id", "seller_id", "quantity"})
    parsed = tuple(
        SellerLine(
            uuid(row["product_id"], f"lines[{i}].product_id"),
            uuid(row["seller_id"], f"lines[{i}].seller_id"),
            integer(row["quantity"], f"lines[{i}].quantity", low=1, high=MAX_QUANTITY),
        )
        for i, row in enumerate(rows)
    )
    _no_product_twice([line.product_id for line in parsed])
    return parsed


def product_ids(value: Any) -> tuple[UUID, ...]:
    if not isinstance(value, list) or len(value) > 1000:
        invalid("product_ids", "must be a list of at most 1000 ids")
    return tuple(uuid(item, f"product_ids[{i}]") for i, item in enumerate(value))


def _rows(value: Any, fields: set[str]) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LINES:
        invalid("lines", f"must be a list of 1 to {MAX_LINES} lines")
    for i, row in enumerate(value):
        if not isinstance(row, dict) or set(row) != fields:
            invalid(f"lines[{i}]", f"must have exactly the fields {', '.join(sorted(fields))}")
    return value


def _no_product_twice(ids: Sequence[UUID]) -> None:
    for i, product_id in enumerate(ids):
        if product_id in ids[:i]:
            invalid(f"lines[{i}].product_id", "the product is named twice")

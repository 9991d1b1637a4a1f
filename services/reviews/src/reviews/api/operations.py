"""What an operation promises, said beside the method that keeps it; openapi.py reads it from there."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from marshmallow import Schema


class Caller(Enum):
    ANYBODY = "anybody"
    KNOWN_IF_TOKEN = "known if a token is sent"  # noqa: S105 -- no password
    SHOPPER = "a token is required"


@dataclass(frozen=True, slots=True)
class Operation:
    summary: str
    caller: Caller
    answer: type[Schema] | None
    status: int = 200
    query: type[Schema] | None = None
    body: type[Schema] | None = None
    conditional: bool = False
    # the catalogue's slugs, beyond those that follow from the fields above
    refusals: tuple[str, ...] = ()


def operation(**promise: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def mark(method: Callable[..., Any]) -> Callable[..., Any]:
        method.operation = Operation(**promise)  # type: ignore[attr-defined]
        return method

    return mark

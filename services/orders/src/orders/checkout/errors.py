"""Why a checkout is refused. Nothing of a refused one is stored."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID


class CheckoutRefused(Exception):
    pass


class InvalidField(CheckoutRefused):
    """The request is well formed, but names something that does not exist here."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.code = code
        self.message = message


class KeyReused(CheckoutRefused):
    """The key was used for another body."""


@dataclass(frozen=True, slots=True)
class Change:
    product_id: UUID
    kind: Literal["price_changed", "unavailable"]
    was: int | None = None
    now: int | None = None


class TotalChanged(CheckoutRefused):
    def __init__(self, expected_minor: int, actual_minor: int, changes: list[Change]) -> None:
        super().__init__(f"{expected_minor} was expected, {actual_minor} is due")
        self.expected_minor = expected_minor
        self.actual_minor = actual_minor
        self.changes = changes

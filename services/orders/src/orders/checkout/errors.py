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


@dataclass(frozen=True, slots=True)
class BasketChange:
    """As basket tells it: `was` and `now` are a quantity or a price, by its kind."""

    version: int
    kind: str
    product_id: UUID
    name: str | None = None
    was: int | None = None
    now: int | None = None


@dataclass(frozen=True, slots=True)
class BasketState:
    """Where a basket has come to."""

    id: UUID
    version: int
    status: str
    changes: list[BasketChange]


class BasketChanged(CheckoutRefused):
    """It is another version by now, or no longer open."""

    def __init__(self, expected_version: int, basket: BasketState) -> None:
        super().__init__(f"version {expected_version} was shown, it is {basket.status} at {basket.version}")
        self.expected_version = expected_version
        self.basket = basket


class BasketOrdered(CheckoutRefused):
    """A living order was made of it, under another key."""

    def __init__(self, basket_id: UUID, order_id: UUID) -> None:
        super().__init__(f"basket {basket_id} is order {order_id}")
        self.basket_id = basket_id
        self.order_id = order_id


class BasketAway(Exception):
    """No refusal: what is in the basket cannot be found out now."""


class TotalChanged(CheckoutRefused):
    def __init__(self, expected_minor: int, actual_minor: int, changes: list[Change]) -> None:
        super().__init__(f"{expected_minor} was expected, {actual_minor} is due")
        self.expected_minor = expected_minor
        self.actual_minor = actual_minor
        self.changes = changes

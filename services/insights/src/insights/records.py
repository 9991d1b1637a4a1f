"""What stands on the topics, as Faust records: what is not like this is a dead letter.

A record takes fields that it does not name as they are (events grow). What it lets pass by itself (null where
a value must be, "7" and True as numbers) the fields below refuse.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import faust
from faust.exceptions import ValidationError
from faust.models.fields import DatetimeField, FieldDescriptor, IntegerField, StringField

LARGEST = 2**63 - 1


class Text(StringField):
    """Faust's own makes the text "None" of null, and "5" of 5."""

    def prepare_value(self, value: Any, *, coerce: bool | None = None) -> Any:  # noqa: ARG002
        return value

    def validate_all(self, value: Any) -> Iterable[ValidationError]:
        if value is None and not self.required:
            return
        if not isinstance(value, str) or not self.fits(value):
            yield self.validation_error(f"{self.field} must be {self.wanted}")

    wanted = "a text"

    def fits(self, value: str) -> bool:
        return bool(value)


class Id(Text):
    wanted = "a UUID in its canonical form"

    def fits(self, value: str) -> bool:
        try:
            return str(UUID(value)) == value
        except ValueError:
            return False


class OneOf(Text):
    def __init__(self, *names: str, **options: Any) -> None:
        self.names = frozenset(names or options.pop("names", ()))
        self.wanted = f"one of {', '.join(sorted(self.names))}"
        super().__init__(**options, names=self.names)

    def fits(self, value: str) -> bool:
        return value in self.names


class Whole(IntegerField):
    """A whole number from 0 on. Faust's own field takes "7" and True, and ignores a least value of 0."""

    def prepare_value(self, value: Any, *, coerce: bool | None = None) -> Any:  # noqa: ARG002
        return value

    def validate_all(self, value: Any) -> Iterable[ValidationError]:
        if type(value) is not int or not 0 <= value <= LARGEST:
            yield self.validation_error(f"{self.field} must be a whole number from 0 on")


def _moment(text: Any) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time needs an offset")
    return time


class Moment(DatetimeField):
    """Faust's own parser reads the `.5` of half a second as five microseconds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"date_parser": _moment})

    def validate_all(self, value: Any) -> Iterable[ValidationError]:
        if not isinstance(value, datetime):
            yield self.validation_error(f"{self.field} must be a time")


class Part(FieldDescriptor[Any]):
    """A record within a record."""

    def validate_all(self, value: Any) -> Iterable[ValidationError]:
        if not isinstance(value, faust.Record):
            yield self.validation_error(f"{self.field} must be an object")


class Many(FieldDescriptor[list[Any]]):
    def validate_all(self, value: Any) -> Iterable[ValidationError]:
        if not isinstance(value, list):
            yield self.validation_error(f"{self.field} must be a list")


class OrderLine(faust.Record, serializer="json", validation=True):
    product_id: str = Id()
    seller_id: str = Id()
    quantity: int = Whole()
    line_total_minor: int = Whole()


class OrderState(faust.Record, serializer="json", validation=True):
    order_id: str = Id()
    shopper_id: str = Id()
    status: str = OneOf("pending", "confirmed", "cancelled", "shipped", "delivered", "refunding", "refunded")
    total_minor: int = Whole()
    currency: str = Text()
    lines: list[OrderLine] = Many()


class Click(faust.Record, serializer="json", validation=True):
    click_id: str = Id()
    session_id: str = Id()
    kind: str = OneOf("view", "search", "add", "buy")
    at: datetime = Moment()
    product_id: str | None = Id(required=False)


class BasketLine(faust.Record, serializer="json", validation=True):
    product_id: str = Id()
    quantity: int = Whole()


class BasketState(faust.Record, serializer="json", validation=True):
    basket_id: str = Id()
    status: str = OneOf("open", "checked_out", "merged", "expired")
    total_minor: int = Whole()
    currency: str = Text()
    lines: list[BasketLine] = Many()


class OrderEvent(faust.Record, serializer="json", validation=True):
    """A CloudEvents document; of it, what is needed here."""

    id: str = Id()
    time: datetime = Moment()
    aggregateversion: int = Whole()
    data: OrderState = Part()


class ClickEvent(faust.Record, serializer="json", validation=True):
    id: str = Id()
    time: datetime = Moment()
    data: Click = Part()


class BasketEvent(faust.Record, serializer="json", validation=True):
    id: str = Id()
    time: datetime = Moment()
    aggregateversion: int = Whole()
    data: BasketState = Part()


class Sale(faust.Record, serializer="json", include_metadata=False):
    """What an order is to one seller, told under the seller's key. The same order's comes again when it is
    refunded, with the same minute and amount.
    """

    order_id: str
    seller_id: str
    minute: int  # seconds since the epoch
    amount_minor: int
    currency: str
    state: str  # counted | refunded
    late: bool


class Placed(faust.Record, serializer="json", include_metadata=False):
    """A placed order under its shopper's key: what the rules for alerts look at."""

    order_id: str
    shopper_id: str
    at: float
    total_minor: int
    currency: str
    most_of_one: int


class ProductClick(faust.Record, serializer="json", include_metadata=False):
    """A click under the key of the product that it is about."""

    click_id: str
    product_id: str
    kind: str
    at: float

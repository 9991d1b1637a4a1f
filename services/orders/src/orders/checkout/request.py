"""What a shopper asks for. A field that is not here is refused: a price, above all, is never the client's to
say.
"""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

MAX_LINES = 50
MAX_QUANTITY = 99
MAX_TOTAL = 10**12

# control characters are no part of an address, and PostgreSQL stores no NUL
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"


def _text(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest, pattern=_PRINTABLE)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(_Strict):
    product_id: UUID
    quantity: Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY)]


class Address(_Strict):
    name: Annotated[str, _text(120)]
    line1: Annotated[str, _text(120)]
    line2: Annotated[str, _text(120)] | None = None
    postal_code: Annotated[str, _text(16)]
    city: Annotated[str, _text(80)]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class PlaceOrder(_Strict):
    lines: Annotated[list[Line], Field(min_length=1, max_length=MAX_LINES)]
    delivery_address: Address
    payment_token: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$")]
    expected_total_minor: Annotated[int, Field(strict=True, ge=0, le=MAX_TOTAL)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    voucher: Literal[None] = None

    @model_validator(mode="after")
    def _no_product_twice(self) -> Self:
        seen: set[UUID] = set()
        for number, line in enumerate(self.lines):
            if line.product_id in seen:
                wrong = PydanticCustomError(
                    "duplicate_product", "the product stands in an earlier line already"
                )
                detail = InitErrorDetails(
                    type=wrong, loc=("lines", number, "product_id"), input=str(line.product_id)
                )
                raise ValidationError.from_exception_data("PlaceOrder", [detail])
            seen.add(line.product_id)
        return self

    def canonical(self) -> bytes:
        """The validated request, always written alike: bodies that ask for the same are the same."""
        return self.model_dump_json().encode()

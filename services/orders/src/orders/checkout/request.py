"""What a shopper asks for. A field that is not here is refused: a price, above all, is never the client's to
say.
"""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

MAX_LINES = 50
MAX_QUANTITY = 99
MAX_TOTAL = 10**12
MAX_VERSION = 10**9

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


class BasketVersion(_Strict):
    """The basket as it was shown: another version of it is not what the shopper agreed to."""

    id: UUID
    version: Annotated[int, Field(strict=True, ge=1, le=MAX_VERSION)]


def _absent(value: Any) -> bool:
    return value is None


# for the OpenAPI document; `_either_lines_or_a_basket` holds it
_ONE_OF_THEM: dict[str, Any] = {
    "oneOf": [
        {"required": ["lines"], "properties": {"lines": {"type": "array"}}},
        {"required": ["basket"], "properties": {"basket": {"type": "object"}}},
    ]
}


class PlaceOrder(_Strict):
    model_config = ConfigDict(json_schema_extra=_ONE_OF_THEM)

    # What is not given is not in the canonical form: the hashes that were stored with keys before there were
    # baskets still match. `basket` comes first, so that the lines' validator knows of it.
    basket: BasketVersion | None = Field(default=None, exclude_if=_absent)
    lines: Annotated[list[Line], Field(min_length=1, max_length=MAX_LINES)] | None = Field(
        default=None, validate_default=True, exclude_if=_absent
    )
    delivery_address: Address
    payment_token: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$")]
    expected_total_minor: Annotated[int, Field(strict=True, ge=0, le=MAX_TOTAL)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    voucher: Literal[None] = None

    @field_validator("lines")
    @classmethod
    def _either_lines_or_a_basket(cls, lines: list[Line] | None, info: ValidationInfo) -> list[Line] | None:
        # a basket that is not right is no basket here, and named already
        if lines is None and info.data.get("basket", ...) is None:
            raise PydanticCustomError("missing", "lines or a basket are required")
        if lines is not None and info.data.get("basket") is not None:
            raise PydanticCustomError("lines_and_basket", "a basket is given: the lines are the basket's")
        return lines

    @model_validator(mode="after")
    def _no_product_twice(self) -> Self:
        seen: set[UUID] = set()
        for number, line in enumerate(self.lines or ()):
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

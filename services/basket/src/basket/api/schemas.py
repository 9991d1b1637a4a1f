"""What is taken and given: the shapes that shared/contracts/openapi/basket.json promises."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from basket.baskets.quote import LineStatus, Quote
from basket.models import MAX_QUANTITY, BasketChange, ChangeKind, Status


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class AddLine(_In):
    product_id: UUID
    quantity: Quantity


class SetLine(_In):
    quantity: Quantity


class MergeBasket(_In):
    """The guest's basket, and the token that it was made with."""

    basket_id: UUID
    token: Annotated[str, Field(min_length=1, max_length=200)]


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class LineOut(_Out):
    product_id: UUID
    name: str
    seller_id: UUID
    seller_slug: str
    category: str
    picture_url: str | None
    quantity: int
    unit_price_minor: int
    line_total_minor: int
    added_price_minor: Annotated[int, Field(description="The price when the shopper last changed the line")]
    available: Annotated[int | None, Field(description="null: the inventory has not told yet")]
    status: LineStatus


class ChangeOut(_Out):
    version: int
    kind: ChangeKind
    product_id: UUID
    name: str
    was: Annotated[int | None, Field(description="A quantity, or a price in minor units")]
    now: int | None


class BasketOut(_Out):
    id: UUID
    version: Annotated[
        int,
        Field(
            description="Grows with each change of the lines, and of a price, currency or status "
            "of a product among them; not with stock"
        ),
    ]
    status: Status
    owner: Literal["guest", "member"]
    lines: list[LineOut]
    total_minor: Annotated[int, Field(description="Of every line that is not `unavailable`")]
    tax_minor: Annotated[int, Field(description="Included in the total")]
    currency: str
    item_count: int
    buyable: Annotated[
        bool, Field(description="Open, not empty, and no line is short, out of stock or unavailable")
    ]
    order_id: UUID | None
    updated_at: datetime


class ViewedBasket(BasketOut):
    changes: Annotated[
        list[ChangeOut] | None,
        Field(description="Only when `since` was given: what happened after that version"),
    ] = None

    @classmethod
    def of(cls, quote: Quote, changes: Sequence[BasketChange] | None) -> Self:
        told = None if changes is None else [ChangeOut.model_validate(change) for change in changes]
        return cls.model_validate(quote).model_copy(update={"changes": told})


class OpenedBasket(BasketOut):
    token: Annotated[
        str | None, Field(description="A guest's secret for the header Basket-Token; told this once")
    ] = None

    @classmethod
    def of(cls, quote: Quote, token: str | None) -> Self:
        return cls.model_validate(quote).model_copy(update={"token": token})


class LeftOut(_Out):
    product_id: UUID
    name: str
    quantity: int


class MergedBasket(BasketOut):
    left_out: Annotated[list[LeftOut], Field(description="What found no place among the lines")] = []

    @classmethod
    def of(cls, quote: Quote, left_out: Sequence[dict[str, Any]]) -> Self:
        told = [LeftOut.model_validate(line) for line in left_out]
        return cls.model_validate(quote).model_copy(update={"left_out": told})


class ProblemOut(BaseModel):
    """Problem details (RFC 9457); a problem's own members come beside these."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str
    title: str
    status: int
    detail: str | None = None
    trace_id: str | None
    errors: Annotated[list[dict[str, str]] | None, Field(description="field, code and message of each")] = (
        None
    )
    current_version: Annotated[int | None, Field(description="With 412: the basket's version now")] = None

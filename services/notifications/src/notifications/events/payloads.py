"""Of an event's data, what is needed here; that there is more is its writer's right."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bazaar_shared.consumer import PermanentError
from bazaar_shared.envelope import Event

# what the columns hold; more would fail for ever, and hold up its partition
Money = Annotated[int, Field(ge=0, le=2**63 - 1)]
Quantity = Annotated[int, Field(ge=1, le=10_000)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class OrderLine(_Data):
    product_id: UUID
    seller_id: UUID
    quantity: Quantity
    line_total_minor: Money


class OrderData(_Data):
    order_id: UUID
    shopper_id: UUID
    status: str
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=500)]


class BasketLine(_Data):
    product_id: UUID
    quantity: Quantity


class BasketData(_Data):
    basket_id: UUID
    shopper_id: UUID | None
    status: str
    lines: Annotated[list[BasketLine], Field(max_length=500)]


class ReviewData(_Data):
    review_id: UUID
    product_id: UUID
    rating: Annotated[int, Field(ge=1, le=5)]
    status: str


def parsed[T: BaseModel](kind: type[T], event: Event) -> T:
    try:
        return kind.model_validate(event.data)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()[:5]
        )
        raise PermanentError(f"not a {kind.__name__} of ours: {faults}") from None

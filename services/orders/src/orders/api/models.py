"""What the API gives: the shapes that shared/contracts/openapi/orders.json promises."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.checkout.place import Placed
from orders.checkout.request import Address, PlaceOrder
from orders.domain.order import Reason, Status
from orders.domain.steps import CALLS, FIRST, State
from orders.storage.tables import Order


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class LineOut(_Out):
    line_no: int
    product_id: UUID
    seller_id: UUID
    name: str
    quantity: int
    unit_price_minor: int
    tax_rate_bp: int
    line_total_minor: int


class ParcelOut(_Out):
    parcel_id: UUID
    seller_id: UUID
    status: str
    tracking_code: str


class SagaOut(_Out):
    state: State
    step: Annotated[str | None, Field(description="The call under way; null when the saga has ended")]
    attempts: int

    @classmethod
    def of(cls, state: State, attempts: int) -> Self:
        call = CALLS.get(state)
        return cls(state=state, step=call.method if call else None, attempts=attempts)


class OrderOut(_Out):
    id: UUID
    status: Status
    reason: Reason | None
    lines: list[LineOut]
    total_minor: int
    tax_minor: Annotated[int, Field(description="Included in the total")]
    discount_minor: int
    currency: str
    delivery_address: Address
    basket_id: Annotated[UUID | None, Field(description="The basket it was made of; null: of lines")]
    parcels: list[ParcelOut]
    version: int
    created_at: datetime
    updated_at: datetime
    saga: SagaOut

    @classmethod
    def of(cls, order: Order) -> Self:
        """As it is now; lines, parcels and saga must have been loaded."""
        return cls(
            **_unchanging(order),
            status=order.status,
            reason=order.reason,
            parcels=[ParcelOut.model_validate(parcel) for parcel in order.parcels],
            version=order.version,
            updated_at=order.updated_at,
            saga=SagaOut.of(order.saga.state, order.saga.attempts),
        )

    @classmethod
    def as_placed(cls, order: Order) -> Self:
        """The first answer again: all of it stands in columns that never change (ADR 0031)."""
        return cls(**_unchanging(order), **_JUST_PLACED, updated_at=order.created_at)

    @classmethod
    def placed(cls, placed: Placed, asked: PlaceOrder) -> Self:
        return cls(
            id=placed.order_id,
            lines=[LineOut.model_validate(line) for line in placed.lines],
            total_minor=asked.expected_total_minor,
            tax_minor=placed.tax_minor,
            discount_minor=0,
            currency=asked.currency,
            delivery_address=asked.delivery_address,
            basket_id=asked.basket.id if asked.basket else None,
            created_at=placed.created_at,
            updated_at=placed.created_at,
            **_JUST_PLACED,
        )


_JUST_PLACED: dict[str, Any] = {
    "status": Status.PENDING,
    "reason": None,
    "parcels": [],
    "version": 1,
    "saga": SagaOut.of(FIRST, 0),
}


def _unchanging(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "lines": [LineOut.model_validate(line) for line in order.lines],
        "total_minor": order.total_minor,
        "tax_minor": order.tax_minor,
        "discount_minor": order.discount_minor,
        "currency": order.currency,
        "delivery_address": Address.model_validate(order.delivery_address),
        "basket_id": order.basket_id,
        "created_at": order.created_at,
    }


class OrderPage(_Out):
    items: list[OrderOut]
    next_cursor: str | None


class JournalItem(_Out):
    step: str
    outcome: Annotated[
        str | None,
        Field(
            description="done, refused, unknown (asked again), expired (the deadline was over), "
            "lost (the worker died or was overtaken); null while it is under way"
        ),
    ]
    service: str
    detail: dict[str, Any] | None
    started_at: datetime
    finished_at: datetime | None
    attempt: int


class Journal(_Out):
    items: list[JournalItem]


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

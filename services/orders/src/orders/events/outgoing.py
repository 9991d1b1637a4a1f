"""The facts that orders tells. The row is written where the order is changed, in the same transaction."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from bazaar_shared.envelope import Event
from orders.domain.order import Reason, Status

SOURCE = "/bazaar/orders"
TOPIC = "orders.order"

# "pending" is what the shopper sees; the fact is that the order was placed
_FACTS: Mapping[Status, str] = {status: status.value for status in Status} | {Status.PENDING: "placed"}


class Line(Protocol):
    @property
    def product_id(self) -> Any: ...
    @property
    def seller_id(self) -> Any: ...
    @property
    def quantity(self) -> int: ...
    @property
    def unit_price_minor(self) -> int: ...
    @property
    def line_total_minor(self) -> int: ...


def order_event(
    *,
    order_id: object,
    status: Status,
    reason: Reason | None,
    shopper_id: str,
    total_minor: int,
    currency: str,
    version: int,
    basket_id: object | None,
    basket_version: int | None,
    lines: Iterable[Line],
) -> Event:
    """Ids only, no personal data: an account can be erased, events can not."""
    data = {
        "order_id": str(order_id),
        "status": status.value,
        "reason": reason.value if reason else None,
        "shopper_id": shopper_id,
        "total_minor": total_minor,
        "currency": currency,
        "basket_id": str(basket_id) if basket_id else None,
        "basket_version": basket_version,
        "lines": [_line(line) for line in lines],
    }
    kind = f"bazaar.orders.order.{_FACTS[status]}.v1"
    return Event.new(source=SOURCE, type=kind, subject=str(order_id), version=version, data=data)


def _line(line: Line) -> dict[str, Any]:
    return {
        "product_id": str(line.product_id),
        "seller_id": str(line.seller_id),
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "line_total_minor": line.line_total_minor,
    }

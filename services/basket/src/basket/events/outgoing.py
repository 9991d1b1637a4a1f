"""The basket's public promise on Kafka: its full state, keyed by its id. Ids only, no personal data."""

from typing import Any

from basket.models import Basket, BasketLine
from bazaar_shared.envelope import Event

TOPIC = "basket.basket"
SOURCE = "/bazaar/basket"
TYPE = "bazaar.basket.basket.v1"


def basket_event(basket: Basket) -> Event:
    """Its lines and their products must have been loaded."""
    sold = [line for line in basket.lines if line.product.sold_in(basket.currency)]
    return Event.new(
        source=SOURCE,
        type=TYPE,
        subject=str(basket.id),
        version=basket.version,
        data={
            "basket_id": str(basket.id),
            "status": basket.status.value,
            "shopper_id": _text(basket.shopper_id),
            "order_id": _text(basket.order_id),
            "lines": [_line(line) for line in basket.lines],
            "total_minor": sum(line.product.price_minor * line.quantity for line in sold),
            "currency": basket.currency,
        },
    )


def _line(line: BasketLine) -> dict[str, Any]:
    return {
        "product_id": str(line.product_id),
        "quantity": line.quantity,
        "unit_price_minor": line.product.price_minor,
    }


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)

"""Events as the market's services write them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

NOW = datetime(2026, 11, 26, 12, 0, 30, tzinfo=UTC)


def new_id() -> str:
    return str(uuid4())


def text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def envelope(kind: str, subject: str, data: dict[str, Any], version: int, time: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": new_id(),
        "source": f"/bazaar/{kind.split('.')[1]}",
        "type": kind,
        "subject": subject,
        "time": text(time),
        "datacontenttype": "application/json",
        "aggregateversion": version,
        "data": data,
    }


def line(seller: str, amount: int, quantity: int = 1, product: str | None = None) -> dict[str, Any]:
    return {
        "product_id": product or new_id(),
        "seller_id": seller,
        "quantity": quantity,
        "unit_price_minor": amount // quantity,
        "line_total_minor": amount,
    }


def order(
    status: str,
    lines: list[dict[str, Any]],
    *,
    order_id: str | None = None,
    shopper_id: str | None = None,
    version: int = 2,
    time: datetime = NOW,
) -> dict[str, Any]:
    order_id = order_id or new_id()
    data = {
        "order_id": order_id,
        "status": status,
        "reason": None,
        "shopper_id": shopper_id or new_id(),
        "total_minor": sum(each["line_total_minor"] for each in lines),
        "currency": "EUR",
        "basket_id": None,
        "basket_version": None,
        "lines": lines,
    }
    name = "placed" if status == "pending" else status
    return envelope(f"bazaar.orders.order.{name}.v1", order_id, data, version, time)


def click(
    kind: str,
    *,
    session_id: str | None = None,
    product_id: str | None = None,
    at: datetime = NOW,
    click_id: str | None = None,
) -> dict[str, Any]:
    click_id = click_id or new_id()
    data = {
        "click_id": click_id,
        "session_id": session_id or new_id(),
        "kind": kind,
        "product_id": product_id,
        "query": None,
        "quantity": None,
        "order_id": new_id() if kind == "buy" else None,
        "page": "/",
        "at": text(at),
    }
    return envelope("bazaar.clickstream.click.v1", click_id, data, 1, at + timedelta(seconds=1))


def basket(
    status: str,
    lines: list[tuple[str, int]],
    *,
    basket_id: str | None = None,
    version: int = 1,
    time: datetime = NOW,
    price: int = 100,
) -> dict[str, Any]:
    basket_id = basket_id or new_id()
    data = {
        "basket_id": basket_id,
        "status": status,
        "shopper_id": None,
        "order_id": None,
        "lines": [
            {"product_id": product, "quantity": quantity, "unit_price_minor": price}
            for product, quantity in lines
        ],
        "total_minor": sum(quantity * price for _, quantity in lines),
        "currency": "EUR",
    }
    return envelope("bazaar.basket.basket.v1", basket_id, data, version, time)


def encoded(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()

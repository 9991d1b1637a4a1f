"""orders: what was placed, and whatever a test says became of it."""

from typing import Any
from uuid import uuid4

from tests.unit.collaborators.goods import STALL, TEAPOT
from tests.unit.collaborators.market import Answer, Collaborators, Request, listed, refusal, route, unknown


def order(order_id: str, state: str = "reserving", status: str = "pending", **changes: Any) -> dict[str, Any]:
    ended = state in ("completed", "cancelled", "refunded")
    return {
        "id": order_id,
        "status": status,
        "reason": None,
        "lines": [
            {
                "line_no": 1,
                "product_id": TEAPOT,
                "seller_id": STALL["id"],
                "name": "Teapot",
                "quantity": 1,
                "unit_price_minor": 4200,
                "tax_rate_bp": 1900,
                "line_total_minor": 4200,
            }
        ],
        "total_minor": 4200,
        "tax_minor": 670,
        "discount_minor": 0,
        "currency": "EUR",
        "delivery_address": {
            "name": "Ada", "line1": "Torstraße 1", "line2": None, "postal_code": "10119", "city": "Berlin",
            "country": "DE",
        },
        "parcels": [],
        "basket_id": None,
        "version": 1,
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-01T00:00:00Z",
        "saga": {"state": state, "step": None if ended else "reserve_stock", "attempts": 1},
    } | changes  # fmt: skip


def entry(step: str, outcome: str | None, **changes: Any) -> dict[str, Any]:
    return {
        "step": step,
        "outcome": outcome,
        "service": "inventory",
        "detail": None,
        "started_at": "2026-11-01T00:00:01Z",
        "finished_at": "2026-11-01T00:00:01.250Z" if outcome else None,
        "attempt": 1,
    } | changes


@route("POST", "/api/orders")
def place(market: Collaborators, request: Request) -> Answer:
    if request.token is None:
        return unknown()
    order_id = str(uuid4())
    market.orders[order_id] = order(order_id)
    return Answer(202, market.orders[order_id])


@route("GET", "/api/orders")
def my_orders(market: Collaborators, request: Request) -> Answer:
    return listed(list(market.orders.values())) if request.token else unknown()


@route("GET", "/api/orders/{order_id}")
def one_order(market: Collaborators, request: Request) -> Answer:
    if request.token is None:
        return unknown()
    found = market.orders.get(request.names["order_id"])
    return Answer(200, found) if found else refusal("not-found")


@route("GET", "/api/orders/{order_id}/journal")
def journal(market: Collaborators, request: Request) -> Answer:
    if request.token is None:
        return unknown()
    known = request.names["order_id"] in market.orders
    return Answer(200, {"items": market.journal}) if known else refusal("not-found")


@route("POST", "/api/orders/{order_id}/cancel")
def cancel(market: Collaborators, request: Request) -> Answer:
    return Answer(202, market.orders[request.names["order_id"]])

"""basket: versions, and baskets of guests with their secret."""

from collections.abc import Callable
from typing import Any

from tests.unit.collaborators.market import Answer, Collaborators, Request, refusal, route, unknown


def _owner(market: Collaborators, request: Request, found: dict[str, Any] | None) -> bool:
    if found is None:
        return False
    if found["owner"] == "guest":
        return request.headers.get("basket-token") == found["token"]
    return request.token is not None


def _shown(market: Collaborators, found: dict[str, Any], **more: Any) -> dict[str, Any]:
    lines = [_line(market.products[each], quantity) for each, quantity in found["lines"].items()]
    total = sum(line["line_total_minor"] for line in lines)
    return {
        "id": found["id"],
        "version": found["version"],
        "status": "open",
        "owner": found["owner"],
        "lines": lines,
        "total_minor": total,
        "tax_minor": total * 19 // 119,
        "currency": "EUR",
        "item_count": sum(found["lines"].values()),
        "buyable": bool(lines),
        "order_id": None,
        "updated_at": "2026-11-01T00:00:00Z",
    } | more


def _line(product: dict[str, Any], quantity: int) -> dict[str, Any]:
    return {
        "product_id": product["id"],
        "name": product["name"],
        "seller_id": product["seller"]["id"],
        "seller_slug": product["seller"]["slug"],
        "category": "ceramics",
        "picture_url": product["picture_url"],
        "quantity": quantity,
        "unit_price_minor": product["price_minor"],
        "line_total_minor": product["price_minor"] * quantity,
        "added_price_minor": product["price_minor"],
        "available": product["available"],
        "status": "ok",
    }


@route("POST", "/api/basket/baskets")
def make_basket(market: Collaborators, request: Request) -> Answer:
    found = market.basket("guest")
    return Answer(201, _shown(market, found, token=found["token"]))


@route("GET", "/api/basket/baskets/mine")
def my_basket(market: Collaborators, request: Request) -> Answer:
    if request.token is None:
        return unknown()
    mine = [found for found in market.baskets.values() if found["owner"] == "member"]
    return Answer(200, _shown(market, mine[0] if mine else market.basket("member")))


@route("POST", "/api/basket/baskets/mine/merge")
def merge(market: Collaborators, request: Request) -> Answer:
    theirs = market.baskets.pop(request.body["basket_id"])
    assert request.body["token"] == theirs["token"]
    mine = market.basket("member", *theirs["lines"].items())
    return Answer(200, _shown(market, mine, left_out=[]))


@route("GET", "/api/basket/baskets/{id}")
def a_basket(market: Collaborators, request: Request) -> Answer:
    found = market.baskets.get(request.names["id"])
    if found is None or not _owner(market, request, found):
        return refusal("not-found")
    more = {"changes": found.get("changes", [])} if "since" in request.query else {}
    return Answer(200, _shown(market, found, **more))


def _change(
    market: Collaborators,
    request: Request,
    change: Callable[[dict[str, int]], Any],
    line: str | None = None,
) -> Answer:
    """`line`: the product that must be in the basket for this change."""
    found = market.baskets.get(request.names["id"])
    if found is None or not _owner(market, request, found):
        return refusal("not-found")
    if request.headers.get("if-match") != f'"{found["version"]}"':
        return refusal("precondition-failed", current_version=found["version"])
    if line is not None and line not in found["lines"]:
        return refusal("not-found")
    change(found["lines"])
    found["version"] += 1
    return Answer(200, _shown(market, found))


@route("POST", "/api/basket/baskets/{id}/lines")
def add_line(market: Collaborators, request: Request) -> Answer:
    product_id, quantity = request.body["product_id"], request.body["quantity"]
    if product_id not in market.products:
        errors = [{"field": "product_id", "code": "unknown", "message": "is not on sale"}]
        return refusal("validation-failed", errors=errors)
    return _change(
        market,
        request,
        lambda lines: lines.update({product_id: lines.get(product_id, 0) + quantity}),
    )


@route("DELETE", "/api/basket/baskets/{id}/lines")
def clear_basket(market: Collaborators, request: Request) -> Answer:
    return _change(market, request, dict.clear)


@route("PUT", "/api/basket/baskets/{id}/lines/{product_id}")
def set_line(market: Collaborators, request: Request) -> Answer:
    product_id = request.names["product_id"]
    return _change(
        market, request, lambda lines: lines.update({product_id: request.body["quantity"]}), product_id
    )


@route("DELETE", "/api/basket/baskets/{id}/lines/{product_id}")
def remove_line(market: Collaborators, request: Request) -> Answer:
    product_id = request.names["product_id"]
    return _change(market, request, lambda lines: lines.pop(product_id), product_id)

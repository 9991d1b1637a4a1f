"""Doubles of the storefront's collaborators: real HTTP servers on 127.0.0.1 that speak their contracts.

One server answers for all five services, by the paths' prefixes; what it holds is plain data that a test
changes. That the real services speak these contracts as well is shown by tests/contract and tests/e2e.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import uvicorn

from bazaar_shared.problems import ERRORS, TYPE_PREFIX
from bazaar_shared.testing import TokenForge, aeventually
from tests.unit import contracts

STALL = {
    "id": "0a1b2c3d-0000-4000-8000-000000000001",
    "slug": "kiln-street",
    "name": "Kiln Street Pottery",
    "tagline": "Pots",
    "description": "All thrown by hand.",
}
CATEGORY = {"slug": "ceramics", "name": "Ceramics", "tax_rate_bp": 1900}
TEAPOT, BOWL = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def product(product_id: str, name: str, price_minor: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": product_id,
        "sku": f"KS-{product_id[:3]}",
        "slug": name.lower(),
        "name": name,
        "description": f"A {name}.",
        "seller": {name: STALL[name] for name in ("id", "slug", "name")},
        "category": {"slug": "ceramics", "name": "Ceramics"},
        "price_minor": price_minor,
        "currency": "EUR",
        "tax_rate_bp": 1900,
        "picture_url": f"/api/catalog/pictures/{product_id}",
        "available": 7,
        "rating": {"count": 0, "average": None},
        "status": "active",
        "version": 1,
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-01T00:00:00Z",
    } | changes


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    names: dict[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str | None:
        return self.headers.get("authorization", "").removeprefix("Bearer ") or None


@dataclass
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def refusal(slug: str, **members: Any) -> Answer:
    status, title = ERRORS[slug]
    headers = {"retry-after": "7"} if status == 429 else {}
    body = {"type": TYPE_PREFIX + slug, "title": title, "status": status, "trace_id": None}
    return Answer(status, body | members, headers)


type Handler = Callable[["Collaborators", Request], Answer]
_ROUTES: list[tuple[str, str, re.Pattern[str], Handler]] = []


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))

    def register(handler: Handler) -> Handler:
        _ROUTES.append((method, template, pattern, handler))
        return handler

    return register


@dataclass
class Collaborators:
    """The market's state, what was asked, and what is broken."""

    forge: TokenForge = field(default_factory=TokenForge)
    asked: list[Request] = field(default_factory=list)
    # by service: "500", or seconds that it takes for an answer
    broken: dict[str, str | float] = field(default_factory=dict)
    # by (method, path): answers that are given first
    scripted: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    products: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            TEAPOT: product(TEAPOT, "Teapot", 4200),
            BOWL: product(BOWL, "Bowl", 1250, available=2),
        }
    )
    accounts: dict[str, str] = field(default_factory=lambda: {"ada@example.org": "correct horse battery"})
    subject: str = field(default_factory=lambda: str(uuid4()))
    refresh_tokens: list[str] = field(default_factory=lambda: ["refresh-0"])
    baskets: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    may_review: bool = True
    # where the storefront or this double left a contract; the fixture looks
    breaches: list[str] = field(default_factory=list)
    url: str = ""

    def calls(self, method: str, start: str) -> list[Request]:
        return [seen for seen in self.asked if seen.method == method and seen.path.startswith(start)]

    def grant(self) -> dict[str, Any]:
        return {
            "access_token": self.forge.token(self.subject),
            "token_type": "Bearer",
            "expires_in": 600,
            "refresh_token": self.refresh_tokens[-1],
            "session_id": str(uuid4()),
        }

    def basket(self, owner: str, *lines: tuple[str, int]) -> dict[str, Any]:
        found = {"id": str(uuid4()), "version": 1, "owner": owner, "lines": dict(lines), "token": "s3cret"}
        self.baskets[found["id"]] = found
        return found

    async def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        service = request.path.split("/")[2] if request.path.startswith("/api/") else "identity"
        trouble = self.broken.get(service)
        if isinstance(trouble, str):
            return Answer(int(trouble), {})
        if trouble is not None:
            await asyncio.sleep(trouble)
        scripted = self.scripted.get((request.method, request.path))
        if scripted:
            return scripted.pop(0)
        for method, template, pattern, handler in _ROUTES:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                request.names = match.groupdict()
                return self._checked(request, template, handler)
        return refusal("not-found")

    def _checked(self, request: Request, template: str, handler: Handler) -> Answer:
        """Judged by the service's contract: neither who asks nor this double may leave it unseen."""
        answer = handler(self, request)
        try:
            if answer.status < 300:
                contracts.check_request(request.method, template, request.body)
            contracts.check_answer(request.method, template, answer.status, answer.body)
        except AssertionError as broken:
            self.breaches.append(f"{request.method} {request.path}: {broken}")
        return answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raw = b""
        while True:
            message = await receive()
            raw += message.get("body", b"")
            if not message.get("more_body"):
                break
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query={name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()},
            headers={name.decode(): value.decode() for name, value in scope["headers"]},
            body=json.loads(raw) if raw else None,
        )
        answer = await self.answer(request)
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(app: Callable[..., Awaitable[None]]) -> AsyncIterator[str]:
    """The app behind a real port; the address it has."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    # uvicorn's own `serve` would take this process's signals
    running = asyncio.create_task(server._serve())
    await aeventually(lambda: server.started, every=0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.force_exit = server.should_exit = True
        await running


# --- identity ---


@route("GET", "/.well-known/jwks.json")
def keys(market: Collaborators, request: Request) -> Answer:
    return Answer(200, market.forge.jwks())


@route("POST", "/api/identity/accounts")
def sign_up(market: Collaborators, request: Request) -> Answer:
    email, password = request.body["email"], request.body["password"]
    if email in market.accounts:
        return refusal("conflict", detail="The address is taken.")
    market.accounts[email] = password
    return Answer(201, _account(market, email, request.body["display_name"]))


@route("GET", "/api/identity/accounts/me")
def me(market: Collaborators, request: Request) -> Answer:
    return Answer(200, _account(market, "ada@example.org", "Ada")) if request.token else _unknown()


def _account(market: Collaborators, email: str, name: str) -> dict[str, Any]:
    return {
        "id": market.subject,
        "email": email,
        "display_name": name,
        "roles": ["shopper"],
        "state": "active",
        "created_at": "2026-11-01T00:00:00Z",
    }


@route("POST", "/api/identity/sessions")
def sign_in(market: Collaborators, request: Request) -> Answer:
    if market.accounts.get(request.body["email"]) != request.body["password"]:
        return _unknown()
    return Answer(201, market.grant())


@route("POST", "/api/identity/sessions/refresh")
def refresh(market: Collaborators, request: Request) -> Answer:
    if request.body["refresh_token"] != market.refresh_tokens[-1]:
        return _unknown()
    market.refresh_tokens.append(f"refresh-{len(market.refresh_tokens)}")
    return Answer(200, market.grant())


@route("DELETE", "/api/identity/sessions/current")
def sign_out(market: Collaborators, request: Request) -> Answer:
    return Answer(204)


def _unknown() -> Answer:
    return refusal("unauthenticated", detail="no")


# --- catalog ---


def _page(items: list[Any], next_cursor: str | None = None) -> Answer:
    return Answer(200, {"items": items, "next_cursor": next_cursor})


@route("GET", "/api/catalog/products")
def products(market: Collaborators, request: Request) -> Answer:
    if request.query.get("cursor") == "broken":
        errors = [{"field": "cursor", "code": "invalid", "message": "it cannot be read"}]
        return refusal("validation-failed", errors=errors)
    words = request.query.get("search", "").lower()
    found = [each for each in market.products.values() if words in each["name"].lower()]
    return _page(found, "more" if len(found) > 1 and "cursor" not in request.query else None)


@route("GET", "/api/catalog/products/batch")
def batch(market: Collaborators, request: Request) -> Answer:
    ids = request.query["ids"].split(",")
    known = [market.products[each] for each in ids if each in market.products]
    missing = [each for each in ids if each not in market.products]
    return Answer(200, {"items": known, "next_cursor": None, "missing": missing})


@route("GET", "/api/catalog/products/{id}")
def one_product(market: Collaborators, request: Request) -> Answer:
    found = market.products.get(request.names["id"])
    return Answer(200, found) if found else refusal("not-found")


@route("GET", "/api/catalog/categories")
def categories(market: Collaborators, request: Request) -> Answer:
    return _page([CATEGORY])


@route("GET", "/api/catalog/sellers")
def sellers(market: Collaborators, request: Request) -> Answer:
    return _page([STALL])


@route("GET", "/api/catalog/sellers/{slug}")
def seller(market: Collaborators, request: Request) -> Answer:
    return Answer(200, STALL) if request.names["slug"] == STALL["slug"] else refusal("not-found")


# --- basket ---


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
        return _unknown()
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


# --- orders ---


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
        return _unknown()
    order_id = str(uuid4())
    market.orders[order_id] = order(order_id)
    return Answer(202, market.orders[order_id])


@route("GET", "/api/orders")
def my_orders(market: Collaborators, request: Request) -> Answer:
    return _page(list(market.orders.values())) if request.token else _unknown()


@route("GET", "/api/orders/{order_id}")
def one_order(market: Collaborators, request: Request) -> Answer:
    if request.token is None:
        return _unknown()
    found = market.orders.get(request.names["order_id"])
    return Answer(200, found) if found else refusal("not-found")


@route("GET", "/api/orders/{order_id}/journal")
def journal(market: Collaborators, request: Request) -> Answer:
    if request.token is None:
        return _unknown()
    known = request.names["order_id"] in market.orders
    return Answer(200, {"items": market.journal}) if known else refusal("not-found")


@route("POST", "/api/orders/{order_id}/cancel")
def cancel(market: Collaborators, request: Request) -> Answer:
    return Answer(202, market.orders[request.names["order_id"]])


# --- reviews ---


def _summary(market: Collaborators, product_id: str) -> dict[str, Any]:
    ratings = [each["rating"] for each in market.reviews if each["product_id"] == product_id]
    return {
        "product_id": product_id,
        "count": len(ratings),
        "average": round(sum(ratings) / len(ratings), 2) if ratings else None,
        "histogram": {str(stars): ratings.count(stars) for stars in range(1, 6)},
    }


@route("GET", "/api/reviews/mine")
def my_reviews(market: Collaborators, request: Request) -> Answer:
    return _page(market.reviews)


@route("GET", "/api/reviews/mine/products/{product_id}")
def my_review(market: Collaborators, request: Request) -> Answer:
    reason = None if market.may_review else "not_bought"
    return Answer(200, {"may_review": market.may_review, "reason": reason, "review": None})


@route("GET", "/api/reviews/products/{product_id}")
def product_reviews(market: Collaborators, request: Request) -> Answer:
    return _page([each for each in market.reviews if each["product_id"] == request.names["product_id"]])


@route("GET", "/api/reviews/products/{product_id}/summary")
def product_summary(market: Collaborators, request: Request) -> Answer:
    return Answer(200, _summary(market, request.names["product_id"]))


@route("POST", "/api/reviews/products/{product_id}")
def write_review(market: Collaborators, request: Request) -> Answer:
    if not market.may_review:
        return refusal("forbidden")
    review = {
        "id": str(uuid4()),
        "product_id": request.names["product_id"],
        "status": "published",
        "version": 1,
        "mine": True,
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-01T00:00:00Z",
    } | request.body
    market.reviews.append(review)
    return Answer(201, review)

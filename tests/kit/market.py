"""A client of the running market, as a shopper's program would be: HTTP through the gateway, nothing else."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from bazaar_shared import testing as waiting

ROOT = Path(__file__).resolve().parents[2]
GATEWAY = os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080")
IDENTITY = os.environ.get("IDENTITY_URL", "http://127.0.0.1:8101")
CATALOG = os.environ.get("CATALOG_URL", "http://127.0.0.1:8102")
ORDERS = os.environ.get("ORDERS_URL", "http://127.0.0.1:8103")

ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Torstraße 1",
    "postal_code": "10119",
    "city": "Berlin",
    "country": "DE",
}
ENDED = frozenset({"confirmed", "shipped", "delivered", "cancelled", "refunded"})
PASSWORD = "correct-horse-battery-staple"


def eventually[T](check: Callable[[], T], *, within: float, every: float = 0.1, what: str = "") -> T:
    """The first truthy result of `check`, or an AssertionError that says what was waited for."""
    try:
        return waiting.eventually(check, within, every)
    except AssertionError as error:
        raise AssertionError(f"waited {within} s for {what or check}: {error}") from None


def demo_market() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "demo" / "market.yaml").read_text("utf-8"))


@dataclass
class Shopper:
    """One signed-in account; its token is renewed by signing in again."""

    email: str
    password: str
    base: str = GATEWAY
    token: str = ""
    account: dict[str, Any] = field(default_factory=dict)
    renewed: float = 0.0

    @classmethod
    def new(cls) -> Shopper:
        """A new account, so that tests don't meet in one another's orders."""
        shopper = cls(f"t-{uuid.uuid4().hex[:16]}@example.org", PASSWORD)
        body = {"email": shopper.email, "password": shopper.password, "display_name": "Test Shopper"}
        answer = httpx.post(f"{GATEWAY}/api/identity/accounts", json=body, timeout=15)
        assert answer.status_code == 201, answer.text
        shopper.account = answer.json()
        return shopper.sign_in()

    def sign_in(self) -> Shopper:
        def once() -> httpx.Response | None:
            body = {"email": self.email, "password": self.password}
            answer = httpx.post(f"{GATEWAY}/api/identity/sessions", json=body, timeout=15)
            return answer if answer.status_code == 201 else None

        # the gateway's own limit on sign-ins is met by waiting, as Retry-After says
        answer = eventually(once, within=30, every=0.5, what=f"sign-in of {self.email}")
        assert answer is not None
        self.token, self.renewed = answer.json()["access_token"], time.monotonic()
        return self

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        if time.monotonic() - self.renewed > 480:
            self.sign_in()
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return httpx.request(method, f"{self.base}{path}", headers=headers, timeout=15, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def order(self, body: dict[str, Any], key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.post("/api/orders", json=body, headers=headers)

    def settled(self, order_id: str, *, within: float = 30) -> dict[str, Any]:
        """The order once its saga has come to an end."""

        def ended() -> dict[str, Any] | None:
            answer = self.get(f"/api/orders/{order_id}")
            order = answer.json() if answer.status_code == 200 else {}
            return order if order.get("status") in ENDED else None

        order = eventually(ended, within=within, what=f"order {order_id} to end")
        assert order is not None
        return order

    def buy(self, lines: list[tuple[dict[str, Any], int]], token: str = "tok_approve") -> dict[str, Any]:
        answer = self.order(checkout(lines, token=token))
        assert answer.status_code == 202, answer.text
        return answer.json()


def checkout(
    lines: list[tuple[dict[str, Any], int]], *, token: str = "tok_approve", **other: Any
) -> dict[str, Any]:
    """The body of a checkout of catalogue products as they were shown."""
    return {
        "lines": [{"product_id": product["id"], "quantity": quantity} for product, quantity in lines],
        "delivery_address": dict(ADDRESS),
        "payment_token": token,
        "expected_total_minor": sum(product["price_minor"] * quantity for product, quantity in lines),
        "currency": "EUR",
    } | other


def products(**query: Any) -> Iterator[dict[str, Any]]:
    """Products of the catalogue, page after page."""
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = httpx.get(
            f"{GATEWAY}/api/catalog/products", params={"limit": 50, **query, **more}, timeout=15
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            return


def in_stock(at_least: int = 20) -> list[dict[str, Any]]:
    """Products that many can buy, in a stable order."""
    found = [product for product in products(ordering="name") if (product["available"] or 0) >= at_least]
    assert found, f"no product with {at_least} in stock: was the demo market loaded?"
    return found

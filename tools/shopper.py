"""A client of the market's public API, as the demo uses it: through the gateway, every wait bounded."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

type Json = dict[str, Any]

REQUEST = 15.0
POLL = 0.2
BACK = 20.0  # for a service that is away to come back
UNAVAILABLE = {502, 503, 504}
ENDED = {"completed", "cancelled", "refunded"}
BASKETS = "/api/basket/baskets"


class DemoError(Exception):
    """What went wrong, and what the reader can do about it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.advice = advice


class AwayError(DemoError):
    """Nothing answers, or not in time."""


class RefusedError(DemoError):
    """The market said no, in its own words (RFC 9457)."""

    def __init__(self, request: str, response: httpx.Response) -> None:
        self.status = response.status_code
        self.problem = _problem(response)
        title = self.problem.get("title") or response.text[:200]
        super().__init__(
            f"{request} was refused: {self.status} {title} {self.problem.get('detail', '')}".strip(),
            f"its logs tell more (make logs S=…), by trace {self.problem.get('trace_id', 'unknown')}",
        )

    @property
    def slug(self) -> str:
        return str(self.problem.get("type", "")).rpartition("/")[2]


def _problem(response: httpx.Response) -> Json:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


@dataclass
class Person:
    """Somebody with a browser; signed in or not."""

    http: httpx.Client
    token: str | None = None
    email: str = ""

    @classmethod
    def at(cls, gateway: str) -> Self:
        return cls(httpx.Client(base_url=gateway, timeout=REQUEST, headers={"User-Agent": "bazaar-demo"}))

    def sign_in(self, email: str, password: str) -> Json:
        body = {"email": email, "password": password}
        session = self.ask("POST", "/api/identity/sessions", json=body)
        self.token, self.email = session["access_token"], email
        return session

    def ask(self, method: str, path: str, **options: Any) -> Json:
        response = self.send(method, path, **options)
        if response.is_error:
            raise RefusedError(f"{method} {path}", response)
        return _problem(response)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request; one that came too soon is sent again when the gateway says so."""
        headers = options.pop("headers", {})
        if self.token:
            headers = headers | {"Authorization": f"Bearer {self.token}"}
        for _ in range(5):
            try:
                response = self.http.request(method, path, headers=headers, **options)
            except httpx.HTTPError as error:
                where = self.http.base_url
                raise AwayError(
                    f"{method} {path}: nothing answers at {where} ({type(error).__name__})",
                    "start the market with `make up`; `make status` shows what is not ready",
                ) from error
            if response.status_code != 429:
                break
            time.sleep(min(float(response.headers.get("Retry-After", 1)), 5))
        return response


@dataclass
class Shopper(Person):
    placed: list[str] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)  # how many steps of an order were told
    basket_token: str = ""

    def search(self, **query: Any) -> list[Json]:
        found = self.ask("GET", "/api/catalog/products", params=query)["items"]
        return list(found)

    def product(self, product_id: str) -> Json:
        return self.ask("GET", f"/api/catalog/products/{product_id}")

    def guest_basket(self) -> Json:
        """A new one; its token is told this once, and is all that opens it."""
        basket = self.ask("POST", BASKETS)
        self.basket_token = basket["token"]
        return basket

    def add(self, basket: Json, product_id: str, quantity: int) -> Json:
        """To that version of the basket, and to no other."""
        return self._change("POST", basket, json={"product_id": product_id, "quantity": quantity})

    def merge(self, guests: Json) -> Json:
        """The guest's basket into the member's, which is emptied first: what an earlier visit left in it is
        not to be bought.
        """
        mine = self.ask("GET", f"{BASKETS}/mine")
        if mine["lines"]:
            self._change("DELETE", mine)
        body = {"basket_id": guests["id"], "token": self.basket_token}
        return self.ask("POST", f"{BASKETS}/mine/merge", json=body)

    def basket(self, basket_id: str) -> Json:
        return self.ask("GET", f"{BASKETS}/{basket_id}")

    def _change(self, method: str, basket: Json, **options: Any) -> Json:
        headers = {"If-Match": f'"{basket["version"]}"'}
        if self.token is None:
            headers["Basket-Token"] = self.basket_token
        return self.ask(method, f"{BASKETS}/{basket['id']}/lines", headers=headers, **options)

    def order(self, body: Json, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key or f"demo-{uuid.uuid4()}"}
        return self.send("POST", "/api/orders", json=body, headers=headers)

    def place(self, body: Json, key: str | None = None) -> Json:
        response = self.order(body, key)
        if response.status_code != 202:
            raise RefusedError("POST /api/orders", response)
        order: Json = response.json()
        self.placed.append(order["id"])
        return order

    def look_at(self, order_id: str) -> Json:
        return self.ask("GET", f"/api/orders/{order_id}")

    def cancel(self, order_id: str) -> Json:
        return self.ask("POST", f"/api/orders/{order_id}/cancel")

    def journal(self, order_id: str) -> list[Json]:
        return list(self.ask("GET", f"/api/orders/{order_id}/journal")["items"])

    def steps(self, order_id: str, *, within: float) -> Iterator[Json]:
        """Each step once it is over, as it happens, until the saga has ended."""
        told = self.told.get(order_id, 0)
        deadline = time.monotonic() + within
        while True:
            order, steps = self.progress(order_id)
            finished = [step for step in steps if step["finished_at"]]
            yield from finished[told:]
            told = self.told[order_id] = max(told, len(finished))
            if order["saga"]["state"] in ENDED:
                return
            if time.monotonic() > deadline:
                state = order["saga"]["state"]
                raise AwayError(
                    f"order {order_id} is still {order['status']}/{state} after {within:.0f} s",
                    "make status; make logs S=orders-saga; the saga goes on when the services answer again",
                )
            time.sleep(POLL)

    def progress(self, order_id: str) -> tuple[Json, list[Json]]:
        """The order and its steps so far; a service that is away for a moment is asked again."""

        def read() -> tuple[Json, list[Json]] | None:
            try:
                # the order first: when it has ended, the journal read after it is whole
                return self.look_at(order_id), self.journal(order_id)
            except RefusedError as refused:
                if refused.status in UNAVAILABLE:
                    return None
                raise

        return wait_until(f"an answer about order {order_id}", read, within=BACK, every=1)


def order_body(lines: list[tuple[Json, int]], token: str = "tok_approve") -> Json:  # noqa: S107 a test card's name
    asked = [{"product_id": product["id"], "quantity": quantity} for product, quantity in lines]
    total = sum(product["price_minor"] * quantity for product, quantity in lines)
    return {"lines": asked, **_purchase(total, lines[0][0]["currency"], token)}


def basket_body(basket: Json, token: str = "tok_approve") -> Json:  # noqa: S107
    """The basket as it was shown: its version, and its total."""
    shown = {"id": basket["id"], "version": basket["version"]}
    return {"basket": shown, **_purchase(basket["total_minor"], basket["currency"], token)}


def _purchase(total_minor: int, currency: str, token: str) -> Json:
    return {
        "delivery_address": {
            "name": "Sam Shopper",
            "line1": "12 Lantern Lane",
            "postal_code": "10115",
            "city": "Berlin",
            "country": "DE",
        },
        "payment_token": token,
        "expected_total_minor": total_minor,
        "currency": currency,
        "voucher": None,
    }


def wait_until[T](what: str, check: Callable[[], T | None], *, within: float, every: float = 0.3) -> T:
    deadline = time.monotonic() + within
    while (found := check()) is None:
        if time.monotonic() > deadline:
            raise AwayError(
                f"{what} did not happen within {within:.0f} s",
                "make status shows the processes; make audit, what is on its way",
            )
        time.sleep(every)
    return found

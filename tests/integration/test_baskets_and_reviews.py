"""A basket's way to an order and a delivered order's way to a review, over the services that know of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.integration.stage import Stage
from tests.kit.market import ADDRESS, ENDED, PASSWORD, eventually

Row = dict[str, Any]


class Visitor:
    """Somebody at the services' own doors: a guest at first, a member once signed up."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.account: Row = {}
        self.headers: dict[str, str] = {}

    def ask(self, service: str, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        url = f"{self.stage.url(service)}/api/{service}{path}"
        return httpx.request(method, url, headers=headers, timeout=15, **more)

    def sign_up(self) -> None:
        account = {"email": f"{uuid.uuid4().hex}@example.org", "password": PASSWORD}
        made = self.ask("identity", "POST", "/accounts", json=account | {"display_name": "Visitor"})
        assert made.status_code == 201, made.text
        self.account = made.json()
        session = self.ask("identity", "POST", "/sessions", json=account)
        self.headers = {"Authorization": f"Bearer {session.json()['access_token']}"}

    def put_in(self, basket: Row, product: Row, quantity: int, **headers: str) -> Row:
        """Waits for basket's read model: right after a start it may not know the product yet."""

        def added() -> Row | None:
            answer = self.ask(
                "basket",
                "POST",
                f"/baskets/{basket['id']}/lines",
                json={"product_id": product["id"], "quantity": quantity},
                headers={"If-Match": f'"{basket["version"]}"', **headers},
            )
            return answer.json() if answer.status_code == 200 else None

        found = eventually(added, within=60, every=0.5, what="the product in the basket's read model")
        assert found is not None
        return found

    def filled(self, product: Row, quantity: int) -> Row:
        mine = self.ask("basket", "GET", "/baskets/mine")
        assert mine.status_code == 200, mine.text
        return self.put_in(mine.json(), product, quantity)

    def basket(self, basket_id: str) -> Row:
        found: Row = self.ask("basket", "GET", f"/baskets/{basket_id}").json()
        return found

    def check_out(self, basket: Row, key: str | None = None) -> httpx.Response:
        body = {
            "basket": {"id": basket["id"], "version": basket["version"]},
            "delivery_address": ADDRESS,
            "payment_token": "tok_approve",
            "expected_total_minor": basket["total_minor"],
            "currency": "EUR",
        }
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.ask("orders", "POST", "", json=body, headers=headers)

    def ended(self, order_id: str) -> str:
        def status() -> str:
            now: str = self.ask("orders", "GET", f"/{order_id}").json()["status"]
            return now if now in ENDED else ""

        return eventually(status, within=60, what="the order's end")


@pytest.fixture
def product(stage: Stage) -> Row:
    def shown() -> Row | None:
        page = httpx.get(f"{stage.url('catalog')}/api/catalog/products", timeout=15).json()
        return next((item for item in page["items"] if (item["available"] or 0) > 4), None)

    found = eventually(shown, within=60, what="stock in the catalogue")
    assert found is not None
    return found


@pytest.fixture
def visitor(stage: Stage) -> Visitor:
    visitor = Visitor(stage)
    visitor.sign_up()
    return visitor


def test_a_guests_basket_is_merged_bought_and_closed(stage: Stage, product: Row) -> None:
    guest = Visitor(stage)
    made = guest.ask("basket", "POST", "/baskets").json()
    filled = guest.put_in(made, product, 2, **{"Basket-Token": made["token"]})
    guest.sign_up()
    merged = guest.ask(
        "basket", "POST", "/baskets/mine/merge", json={"basket_id": filled["id"], "token": made["token"]}
    )
    assert merged.status_code == 200, merged.text
    mine = merged.json()
    assert [(line["product_id"], line["quantity"]) for line in mine["lines"]] == [(product["id"], 2)]

    key = uuid.uuid4().hex
    answer = guest.check_out(mine, key)

    assert answer.status_code == 202, answer.text
    order = answer.json()
    assert order["total_minor"] == mine["total_minor"] == 2 * product["price_minor"]
    assert guest.ended(order["id"]) == "confirmed"
    closed = eventually(
        lambda: now if (now := guest.basket(mine["id"]))["status"] == "checked_out" else None,
        within=30,
        what="the basket to close",
    )
    assert closed is not None
    assert closed["order_id"] == order["id"]
    # the same request again is answered though its basket is closed
    again = guest.check_out(mine, key)
    assert (again.status_code, again.json()["id"]) == (202, order["id"])
    assert guest.ask("basket", "GET", "/baskets/mine").json()["lines"] == []


def test_one_basket_is_one_order(visitor: Visitor, product: Row) -> None:
    basket = visitor.filled(product, 1)
    first = visitor.check_out(basket)
    assert first.status_code == 202, first.text

    second = visitor.check_out(basket)

    assert second.status_code == 409
    assert second.json()["type"].endswith(("/basket-ordered", "/basket-changed"))
    assert visitor.ended(first.json()["id"]) == "confirmed"
    assert len(visitor.ask("orders", "GET", "").json()["items"]) == 1


def test_what_comes_into_a_basket_while_its_order_is_pending_is_bought_by_the_next(
    stage: Stage, visitor: Visitor, product: Row
) -> None:
    basket = visitor.filled(product, 1)
    stage.kill("payments")
    try:
        first = visitor.check_out(basket)
        assert first.status_code == 202, first.text
        more = visitor.put_in(visitor.basket(basket["id"]), product, 2)
        again = visitor.check_out(more)
        assert again.status_code == 409
        assert again.json()["type"].endswith("/basket-ordered")
        assert again.json()["order_id"] == first.json()["id"]
    finally:
        stage.start("payments")
        stage.ready("payments")
    assert visitor.ended(first.json()["id"]) == "confirmed"

    def rest() -> Row | None:
        mine: Row = visitor.ask("basket", "GET", "/baskets/mine").json()
        return mine if mine["id"] != basket["id"] else None

    left = eventually(rest, within=30, what="the rest in a basket of its own")
    assert left is not None
    assert [(line["product_id"], line["quantity"]) for line in left["lines"]] == [(product["id"], 2)]
    second = visitor.check_out(left)
    assert second.status_code == 202, second.text
    assert visitor.ended(second.json()["id"]) == "confirmed"


def test_a_price_that_changed_since_the_basket_was_shown_is_told(
    stage: Stage, visitor: Visitor, product: Row
) -> None:
    shown = visitor.filled(product, 1)
    reprice(stage, product["id"], product["price_minor"] + 100)
    try:
        eventually(
            lambda: visitor.basket(shown["id"])["version"] > shown["version"],
            within=30,
            what="the new price in the basket",
        )
        refused = visitor.check_out(shown)
        assert refused.status_code == 409
        problem = refused.json()
        assert problem["type"].endswith("/basket-changed")
        assert problem["expected_version"] == shown["version"]
        [change] = problem["changes"]
        assert (change["kind"], change["was"], change["now"]) == (
            "price_changed", product["price_minor"], product["price_minor"] + 100,
        )  # fmt: skip
        assert visitor.ask("orders", "GET", "").json()["items"] == []
    finally:
        reprice(stage, product["id"], product["price_minor"])


def reprice(stage: Stage, product_id: str, price_minor: int) -> None:
    seller = Visitor(stage)
    account = next(each for each in stage.market["accounts"] if "seller" in each["roles"])  # type: ignore[attr-defined]
    session = seller.ask(
        "identity", "POST", "/sessions", json={name: account[name] for name in ("email", "password")}
    )
    seller.headers = {"Authorization": f"Bearer {session.json()['access_token']}"}
    answer = seller.ask("catalog", "PATCH", f"/products/{product_id}", json={"price_minor": price_minor})
    assert answer.status_code == 200, answer.text


def test_without_basket_no_order_is_half_made(stage: Stage, visitor: Visitor, product: Row) -> None:
    basket = visitor.filled(product, 1)
    key = uuid.uuid4().hex
    stage.kill("basket")
    try:
        refused = visitor.check_out(basket, key)
        assert refused.status_code == 503
        assert "retry-after" in refused.headers
        assert visitor.ask("orders", "GET", "").json()["items"] == []
    finally:
        stage.start("basket")
        stage.ready("basket")
    answer = visitor.check_out(basket, key)
    assert answer.status_code == 202, answer.text
    assert visitor.ended(answer.json()["id"]) == "confirmed"


def test_who_got_the_parcel_may_review_and_the_catalogue_learns_the_rating(
    stage: Stage, visitor: Visitor, product: Row
) -> None:
    def may_review() -> Mapping[str, Any]:
        found: Row = visitor.ask("reviews", "GET", f"/mine/products/{product['id']}").json()
        return found

    def rating() -> Row:
        found: Row = visitor.ask("catalog", "GET", f"/products/{product['id']}").json()["rating"]
        return found

    before = rating()
    review = {"rating": 5, "title": "Good", "body": "As described.", "author_name": "Visitor"}
    assert may_review() == {"may_review": False, "reason": "not_bought", "review": None}
    refused = visitor.ask("reviews", "POST", f"/products/{product['id']}", json=review)
    assert refused.status_code == 403
    # when a parcel leaves is decided as it is booked
    stage.kill("shipping")
    stage.start("shipping", SHIPPING_DEPARTURE_SECONDS="1", SHIPPING_TRANSIT_SECONDS="1")
    try:
        answer = visitor.check_out(visitor.filled(product, 1))
        assert answer.status_code == 202, answer.text
        eventually(lambda: may_review()["may_review"], within=90, every=0.5, what="the delivery to be known")
        assert visitor.ended(answer.json()["id"]) == "delivered"
    finally:
        stage.kill("shipping")
        stage.start("shipping")
        stage.ready("shipping")
    made = visitor.ask("reviews", "POST", f"/products/{product['id']}", json=review)
    assert made.status_code == 201, made.text
    assert visitor.ask("reviews", "POST", f"/products/{product['id']}", json=review).status_code == 409
    eventually(
        lambda: rating()["count"] == before["count"] + 1, within=30, what="the rating in the catalogue"
    )

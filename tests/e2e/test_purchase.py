"""What a shopper can buy, and what becomes of stock and money when something stands in the way."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.kit.books import Books, read_books
from tests.kit.market import Shopper, checkout, eventually

Product = dict[str, Any]


def money_and_stock(books: Books, order_id: str, product: Product) -> dict[str, Any]:
    payment = books.payment(order_id) or {}
    return {
        "captured": payment.get("captured_minor", 0) - payment.get("refunded_minor", 0),
        "processor": books.processor_net(order_id),
        "available": books.available(product["id"]),
    }


@pytest.fixture
def product(goods: list[Product]) -> Product:
    return goods[0]


@pytest.fixture
def available(product: Product, market: Any) -> int:
    return read_books().available(product["id"])


def test_a_purchase_takes_the_stock_and_the_money_once(
    shopper: Shopper, product: Product, available: int
) -> None:
    order = shopper.buy([(product, 3)])
    assert order["status"] == "pending"
    assert order["total_minor"] == 3 * product["price_minor"]
    assert shopper.settled(order["id"])["status"] == "confirmed"
    due = 3 * product["price_minor"]
    assert money_and_stock(read_books(), order["id"], product) == {
        "captured": due,
        "processor": due,
        "available": available - 3,
    }


def test_the_journal_tells_each_step_in_its_order(shopper: Shopper, product: Product) -> None:
    order = shopper.buy([(product, 1)])
    shopper.settled(order["id"])

    def booked() -> list[str]:
        items = shopper.get(f"/api/orders/{order['id']}/journal").json()["items"]
        steps = [item["step"] for item in items if item["outcome"] == "done"]
        return steps if any("book" in step for step in steps) else []

    steps = eventually(booked, within=15, what="the parcels to be booked")
    assert steps == [
        "reserve_stock",
        "quote_shipping",
        "authorize_payment",
        "capture_payment",
        "commit_stock",
        "book_parcels",
    ]


REFUSALS = {
    "declined card": ({"payment_token": "tok_decline"}, "payment_declined"),
    "unknown card": ({"payment_token": "tok_from_elsewhere"}, "payment_declined"),
    "capture refused": ({"payment_token": "tok_capture_decline"}, "payment_declined"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refused_payment_is_compensated(
    shopper: Shopper, product: Product, available: int, case: str
) -> None:
    change, reason = REFUSALS[case]
    answer = shopper.order(checkout([(product, 2)], **change))
    assert answer.status_code == 202, answer.text
    order = shopper.settled(answer.json()["id"])
    assert (order["status"], order["reason"]) == ("cancelled", reason)
    assert money_and_stock(read_books(), order["id"], product) == {
        "captured": 0,
        "processor": 0,
        "available": available,
    }


def test_a_bad_address_is_refused_by_shipping(shopper: Shopper, product: Product, available: int) -> None:
    body = checkout([(product, 1)])
    body["delivery_address"] = body["delivery_address"] | {"postal_code": "not-a-code"}
    answer = shopper.order(body)
    assert answer.status_code == 202, answer.text
    order = shopper.settled(answer.json()["id"])
    assert (order["status"], order["reason"]) == ("cancelled", "address_rejected")
    assert money_and_stock(read_books(), order["id"], product)["available"] == available


def test_more_than_there_is_takes_nothing_of_any_line(shopper: Shopper, goods: list[Product]) -> None:
    books = read_books()
    scarce = min(goods, key=lambda item: books.available(item["id"]))
    other = next(item for item in goods if item["id"] != scarce["id"])
    left = {item["id"]: books.available(item["id"]) for item in (scarce, other)}
    wanted = left[scarce["id"]] + 1
    assert wanted <= 99, "the demo market has no product scarce enough for this"
    order = shopper.settled(shopper.buy([(other, 1), (scarce, wanted)])["id"])
    assert (order["status"], order["reason"]) == ("cancelled", "out_of_stock")
    after = read_books()
    assert {item["id"]: after.available(item["id"]) for item in (scarce, other)} == left


@pytest.mark.parametrize("token", ["tok_fail_once", "tok_late", "tok_capture_late"])
def test_a_processor_that_stumbles_charges_once(
    shopper: Shopper, product: Product, available: int, token: str
) -> None:
    order = shopper.settled(shopper.buy([(product, 1)], token=token)["id"], within=90)
    books = read_books()
    charges = books.processor_captures(order["id"])
    due = product["price_minor"] if order["status"] == "confirmed" else 0
    assert order["status"] in ("confirmed", "cancelled")
    assert charges == (1 if due else 0)
    assert money_and_stock(books, order["id"], product) == {
        "captured": due,
        "processor": due,
        "available": available - (1 if due else 0),
    }


def test_a_processor_that_never_answers_cancels_in_time(
    shopper: Shopper, product: Product, available: int
) -> None:
    order = shopper.settled(shopper.buy([(product, 1)], token="tok_timeout")["id"], within=120)
    assert order["status"] == "cancelled"
    assert order["reason"] in ("deadline_exceeded", "payment_declined")
    assert money_and_stock(read_books(), order["id"], product) == {
        "captured": 0,
        "processor": 0,
        "available": available,
    }


def test_the_same_key_and_body_is_the_same_order_and_one_charge(shopper: Shopper, product: Product) -> None:
    key, body = uuid.uuid4().hex, checkout([(product, 1)])
    first, again = shopper.order(body, key), shopper.order(body, key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    shopper.settled(first.json()["id"])
    later = shopper.order(body, key)
    assert later.json()["id"] == first.json()["id"]
    assert read_books().processor_captures(first.json()["id"]) == 1


def test_the_same_key_with_another_body_is_refused(shopper: Shopper, product: Product) -> None:
    key = uuid.uuid4().hex
    first = shopper.order(checkout([(product, 1)]), key)
    other = shopper.order(checkout([(product, 2)]), key)
    assert other.status_code == 422
    assert other.json()["type"].endswith("/idempotency-key-reused")
    assert shopper.settled(first.json()["id"])["lines"][0]["quantity"] == 1


def test_the_same_key_of_another_shopper_is_another_order(
    shopper: Shopper, stranger: Shopper, product: Product
) -> None:
    key, body = uuid.uuid4().hex, checkout([(product, 1)])
    mine, theirs = shopper.order(body, key), stranger.order(body, key)
    assert mine.json()["id"] != theirs.json()["id"]
    assert {
        shopper.settled(mine.json()["id"])["status"],
        stranger.settled(theirs.json()["id"])["status"],
    } == {"confirmed"}


def test_ten_at_once_with_one_key_are_one_order(shopper: Shopper, product: Product) -> None:
    key, body = uuid.uuid4().hex, checkout([(product, 1)])
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: shopper.order(body, key), range(10)))
    assert {answer.status_code for answer in answers} == {202}, [answer.text for answer in answers]
    assert len({answer.json()["id"] for answer in answers}) == 1
    shopper.settled(answers[0].json()["id"])
    assert read_books().processor_captures(answers[0].json()["id"]) == 1


def test_a_cancel_after_the_capture_is_a_refund_and_a_restock(
    shopper: Shopper, product: Product, available: int
) -> None:
    order = shopper.buy([(product, 2)])
    assert shopper.settled(order["id"])["status"] == "confirmed"
    assert shopper.post(f"/api/orders/{order['id']}/cancel").status_code == 202
    eventually(
        lambda: shopper.get(f"/api/orders/{order['id']}").json()["status"] == "refunded",
        within=30,
        what="the refund",
    )
    assert money_and_stock(read_books(), order["id"], product) == {
        "captured": 0,
        "processor": 0,
        "available": available,
    }
    again = shopper.post(f"/api/orders/{order['id']}/cancel")
    assert again.status_code == 409
    assert again.headers["content-type"].startswith("application/problem+json")


def test_a_cancel_that_races_the_capture_ends_clean(
    shopper: Shopper, product: Product, available: int
) -> None:
    orders = [shopper.buy([(product, 1)]) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda order: shopper.post(f"/api/orders/{order['id']}/cancel"), orders))
    assert {answer.status_code for answer in answers} <= {202, 409}

    def ends() -> list[str]:
        states = [shopper.get(f"/api/orders/{order['id']}").json()["status"] for order in orders]
        return states if set(states) <= {"cancelled", "refunded"} else []

    eventually(ends, within=60, what="every order to be cancelled or refunded")
    books = read_books()
    assert [books.processor_net(order["id"]) for order in orders] == [0] * len(orders)
    assert books.available(product["id"]) == available


def test_one_piece_left_is_sold_to_one(shopper: Shopper, stranger: Shopper, goods: list[Product]) -> None:
    books = read_books()
    scarce = min(goods, key=lambda item: books.available(item["id"]))
    left = books.available(scarce["id"])
    each = left // 2 + 1
    assert each <= 99
    orders = [buyer.buy([(scarce, each)]) for buyer in (shopper, stranger)]
    states = sorted(
        buyer.settled(order["id"])["status"] for buyer, order in zip((shopper, stranger), orders, strict=True)
    )
    assert states == ["cancelled", "confirmed"]
    assert read_books().available(scarce["id"]) == left - each


def test_pages_of_orders_are_whole_and_without_doubles(shopper: Shopper, product: Product) -> None:
    made = [shopper.buy([(product, 1)])["id"] for _ in range(5)]
    for order_id in made:
        shopper.settled(order_id)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = shopper.get("/api/orders", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen))
    assert seen[:5] == made[::-1], "newest first"

import hashlib
from typing import Any
from uuid import UUID, uuid4

import pytest
from orders.api.errors import path
from orders.checkout.request import PlaceOrder
from pydantic import ValidationError

PRODUCT = str(uuid4())
BASKET = str(uuid4())


def body(**changes: Any) -> dict[str, Any]:
    whole = {
        "lines": [{"product_id": PRODUCT, "quantity": 2}],
        "delivery_address": {
            "name": "Ada",
            "line1": "Torstraße 1",
            "postal_code": "10119",
            "city": "Berlin",
            "country": "DE",
        },
        "payment_token": "tok_approve",
        "expected_total_minor": 100,
        "currency": "EUR",
    }
    return whole | changes


def line(**changes: Any) -> dict[str, Any]:
    return body(lines=[{"product_id": PRODUCT, "quantity": 2} | changes])


def basket(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in body().items() if name != "lines"} | {
        "basket": {"id": BASKET, "version": 3} | changes
    }


def address(**changes: Any) -> dict[str, Any]:
    return body(delivery_address=body()["delivery_address"] | changes)


BAD: list[tuple[dict[str, Any], str]] = [
    (line(quantity=0), "lines[0].quantity"),
    (line(quantity=-1), "lines[0].quantity"),
    (line(quantity=100), "lines[0].quantity"),
    (line(quantity=1.5), "lines[0].quantity"),
    (line(quantity="2"), "lines[0].quantity"),
    (line(quantity=True), "lines[0].quantity"),
    (line(quantity=None), "lines[0].quantity"),
    (line(product_id="tea"), "lines[0].product_id"),
    (line(price_minor=1), "lines[0].price_minor"),
    (line(unit_price_minor=1), "lines[0].unit_price_minor"),
    (body(lines=[]), "lines"),
    (body(lines=None), "lines"),
    (body(lines=[{"product_id": PRODUCT, "quantity": 1}] * 2), "lines[1].product_id"),
    (body(lines=[{"product_id": str(uuid4()), "quantity": 1} for _ in range(51)]), "lines"),
    (body(basket={"id": BASKET, "version": 3}), "lines"),
    (body(lines=[], basket={"id": BASKET, "version": 3}), "lines"),
    (basket(id="mine"), "basket.id"),
    (basket(version=0), "basket.version"),
    (basket(version="3"), "basket.version"),
    (basket(version=3.0), "basket.version"),
    (basket(version=10**9 + 1), "basket.version"),
    (basket(lines=[]), "basket.lines"),
    (basket() | {"basket": None}, "lines"),
    (basket() | {"basket": None, "lines": None}, "lines"),
    (basket() | {"basket": BASKET}, "basket"),
    (body(total_minor=1), "total_minor"),
    (body(status="confirmed"), "status"),
    (body(expected_total_minor=-1), "expected_total_minor"),
    (body(expected_total_minor=10**12 + 1), "expected_total_minor"),
    (body(expected_total_minor=1.0), "expected_total_minor"),
    (body(expected_total_minor=float("nan")), "expected_total_minor"),
    (body(currency="eur"), "currency"),
    (body(currency="EURO"), "currency"),
    (body(voucher="SUMMER"), "voucher"),
    (body(payment_token=""), "payment_token"),
    (body(payment_token="x" * 65), "payment_token"),
    (body(payment_token="tok\n"), "payment_token"),
    (address(country="Germany"), "delivery_address.country"),
    (address(name=" "), "delivery_address.name"),
    (address(name="x" * 121), "delivery_address.name"),
    (address(city="Ber\x00lin"), "delivery_address.city"),
    (address(city="Ber\ud800lin"), "delivery_address.city"),
    (address(planet="Earth"), "delivery_address.planet"),
    (body(delivery_address=None), "delivery_address"),
]


@pytest.mark.parametrize(("wrong", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_a_wrong_field_is_named(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PlaceOrder.model_validate(wrong)
    assert [path(error["loc"]) for error in refused.value.errors()] == [field]


def test_each_missing_field_is_named() -> None:
    with pytest.raises(ValidationError) as refused:
        PlaceOrder.model_validate({})
    missing = {path(error["loc"]) for error in refused.value.errors()}
    assert missing == {"lines", "delivery_address", "payment_token", "expected_total_minor", "currency"}


def test_the_canonical_form_is_one_for_all_ways_of_writing() -> None:
    plain = PlaceOrder.model_validate(body())
    other = body(voucher=None, lines=[{"quantity": 2, "product_id": PRODUCT.upper()}])
    other["delivery_address"] |= {"name": "  Ada ", "line2": None}
    assert PlaceOrder.model_validate(other).canonical() == plain.canonical()


def test_a_key_that_was_used_before_there_were_baskets_still_matches() -> None:
    """Written down as it was hashed then: what is stored with a key lives as long as its order."""
    product = "0b6ad7d2-7c2f-5f0e-8a55-3a1c7f0a9d01"
    asked = PlaceOrder.model_validate(body(lines=[{"product_id": product, "quantity": 2}]))
    assert asked.canonical() == (
        b'{"lines":[{"product_id":"0b6ad7d2-7c2f-5f0e-8a55-3a1c7f0a9d01","quantity":2}],'
        b'"delivery_address":{"name":"Ada","line1":"Torstra\xc3\x9fe 1","line2":null,"postal_code":"10119",'
        b'"city":"Berlin","country":"DE"},'
        b'"payment_token":"tok_approve","expected_total_minor":100,"currency":"EUR","voucher":null}'
    )
    digest = hashlib.sha256(asked.canonical()).hexdigest()
    assert digest == "35e55d3513f0bfeabb58c24ccd0e7ece2d45717f478ced67e8a6391219d15c77"


def test_a_basket_is_asked_for_by_its_version() -> None:
    asked = PlaceOrder.model_validate(basket() | {"lines": None})
    assert (asked.basket.id, asked.basket.version, asked.lines) == (UUID(BASKET), 3, None)
    assert asked.canonical() == PlaceOrder.model_validate(basket(id=BASKET.upper())).canonical()
    assert asked.canonical() != PlaceOrder.model_validate(basket(version=4)).canonical()
    assert asked.canonical() != PlaceOrder.model_validate(basket(id=str(uuid4()))).canonical()


@pytest.mark.parametrize(
    "other",
    [line(quantity=3), body(payment_token="tok_late"), body(expected_total_minor=101), address(city="Bonn")],
)
def test_another_wish_has_another_canonical_form(other: dict[str, Any]) -> None:
    assert PlaceOrder.model_validate(other).canonical() != PlaceOrder.model_validate(body()).canonical()


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (("body", "lines", 0, "quantity"), "lines[0].quantity"),
        (("body",), "body"),
        (("query", "limit"), "limit"),
        (("body", "delivery_address", "body"), "delivery_address.body"),
    ],
)
def test_paths(location: tuple[str | int, ...], text: str) -> None:
    assert path(location) == text

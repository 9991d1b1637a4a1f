"""Every bad order is refused with the field that is wrong, and nothing of it is stored."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.kit.market import GATEWAY, ORDERS, Shopper, checkout

Body = dict[str, Any]
Change = Callable[[Body], None]

PLACES = {"gateway": GATEWAY, "service": ORDERS}


def line(**values: Any) -> Change:
    return lambda body: body["lines"][0].update(values)


def field(**values: Any) -> Change:
    return lambda body: body.update(values)


def address(**values: Any) -> Change:
    return lambda body: body["delivery_address"].update(values)


def twice(body: Body) -> None:
    body["lines"].append(copy.deepcopy(body["lines"][0]))


INVALID: dict[str, tuple[Change, str]] = {
    "unknown product": (line(product_id=str(uuid.uuid4())), "lines[0].product_id"),
    "not a product id": (line(product_id="teapot"), "lines[0].product_id"),
    "quantity 0": (line(quantity=0), "lines[0].quantity"),
    "negative quantity": (line(quantity=-1), "lines[0].quantity"),
    "absurd quantity": (line(quantity=10**9), "lines[0].quantity"),
    "quantity beyond an int": (line(quantity=10**30), "lines[0].quantity"),
    "half a piece": (line(quantity=1.5), "lines[0].quantity"),
    "quantity as text": (line(quantity="1"), "lines[0].quantity"),
    "quantity true": (line(quantity=True), "lines[0].quantity"),
    "a price sent by the client": (line(unit_price_minor=1), "lines[0].unit_price_minor"),
    "an unknown field": (field(gift=True), "gift"),
    "another currency": (field(currency="USD"), "currency"),
    "an unknown currency": (field(currency="ZZZ"), "currency"),
    "no lines": (field(lines=[]), "lines"),
    "lines not a list": (field(lines="all"), "lines"),
    "the same product twice": (twice, "lines[1].product_id"),
    "a negative total": (field(expected_total_minor=-1), "expected_total_minor"),
    "an absurd total": (field(expected_total_minor=10**30), "expected_total_minor"),
    "no payment token": (lambda body: body.pop("payment_token"), "payment_token"),
    "a long payment token": (field(payment_token="t" * 10_000), "payment_token"),
    "no address": (lambda body: body.pop("delivery_address"), "delivery_address"),
    "an empty city": (address(city=""), "delivery_address.city"),
    "a country of three letters": (address(country="DEU"), "delivery_address.country"),
    "an unknown field in the address": (address(planet="Mars"), "delivery_address.planet"),
    "NUL in a name": (address(name="Ada\u0000"), "delivery_address.name"),
}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, shopper: Shopper) -> Shopper:
    """The same shopper, at the gateway and at the service called directly."""
    return Shopper(
        shopper.email,
        shopper.password,
        base=PLACES[request.param],
        token=shopper.token,
        renewed=shopper.renewed,
    )


def orders_of(shopper: Shopper) -> int:
    answer = shopper.get("/api/orders", params={"limit": 100})
    assert answer.status_code == 200, answer.text
    return len(answer.json()["items"])


def assert_problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:600]}"
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].rsplit("/", 1)[-1] == slug, problem
    assert problem["title"]
    assert "Traceback" not in answer.text
    return problem


@pytest.mark.parametrize("case", INVALID)
def test_a_wrong_field_is_named_and_nothing_is_stored(place: Shopper, goods: list[Body], case: str) -> None:
    change, wrong = INVALID[case]
    body = checkout([(goods[0], 1)])
    change(body)
    before = orders_of(place)
    problem = assert_problem(place.order(body), 422, "validation-failed")
    assert wrong in {error["field"] for error in problem["errors"]}, problem["errors"]
    assert orders_of(place) == before


@pytest.mark.parametrize(
    ("raw", "status", "slug"),
    [
        (b'{"lines": [', 400, "malformed-body"),
        (b"\xff\xfe", 400, "malformed-body"),
        (b"[" * 50_000, 400, "malformed-body"),
        (b'"' + b"x" * 70_000 + b'"', 413, "body-too-large"),
    ],
    ids=["broken", "not utf-8", "nested deeply", "oversized"],
)
def test_a_body_that_cannot_be_read_is_refused(place: Shopper, raw: bytes, status: int, slug: str) -> None:
    before = orders_of(place)
    headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"}
    assert_problem(place.post("/api/orders", content=raw, headers=headers), status, slug)
    assert orders_of(place) == before


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b'{"lines": NaN}'])
def test_a_body_that_is_no_order_is_refused(place: Shopper, raw: bytes) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"}
    problem = assert_problem(
        place.post("/api/orders", content=raw, headers=headers), 422, "validation-failed"
    )
    assert problem["errors"]


def test_a_body_over_the_gateways_limit_is_refused_there(shopper: Shopper) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"}
    answer = shopper.post("/api/orders", content=b" " * (1_200_000), headers=headers)
    assert_problem(answer, 413, "body-too-large")


def test_another_media_type_is_refused(place: Shopper) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "text/plain"}
    assert_problem(
        place.post("/api/orders", content=b"two teapots", headers=headers), 415, "unsupported-media-type"
    )


def test_a_total_that_was_not_shown_is_a_conflict_that_says_what_changed(
    place: Shopper, goods: list[Body]
) -> None:
    body = checkout([(goods[0], 2)])
    shown = body["expected_total_minor"]
    body["expected_total_minor"] = shown - 1
    before = orders_of(place)
    problem = assert_problem(place.order(body), 409, "total-changed")
    assert (problem["expected_total_minor"], problem["actual_total_minor"]) == (shown - 1, shown)
    assert orders_of(place) == before


@pytest.mark.parametrize(
    "key", [None, "short", "k" * 201, "naïve\u00e9key"], ids=["none", "short", "long", "not ascii"]
)
def test_an_order_needs_a_usable_idempotency_key(place: Shopper, goods: list[Body], key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key.encode("utf-8")}
    before = orders_of(place)
    answer = place.post("/api/orders", json=checkout([(goods[0], 1)]), headers=headers)
    if key is None:
        assert_problem(answer, 400, "idempotency-key-missing")
    else:
        problem = assert_problem(answer, 422, "validation-failed")
        assert "Idempotency-Key" in {error["field"] for error in problem["errors"]}
    assert orders_of(place) == before


def test_another_shoppers_order_does_not_exist_for_me(
    shopper: Shopper, stranger: Shopper, goods: list[Body]
) -> None:
    order = shopper.buy([(goods[0], 1)])
    for path in (f"/api/orders/{order['id']}", f"/api/orders/{order['id']}/journal"):
        assert_problem(stranger.get(path), 404, "not-found")
    assert_problem(stranger.post(f"/api/orders/{order['id']}/cancel"), 404, "not-found")
    assert order["id"] not in {item["id"] for item in stranger.get("/api/orders").json()["items"]}
    assert shopper.settled(order["id"])["status"] == "confirmed"


@pytest.mark.parametrize("path", ["/api/orders/none", f"/api/orders/{uuid.UUID(int=0)}"])
def test_an_order_that_is_not_there_is_not_found(place: Shopper, path: str) -> None:
    answer = place.get(path)
    assert answer.status_code in (404, 422), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_method_that_is_not_there_is_a_problem_too(place: Shopper) -> None:
    assert_problem(place.request("DELETE", "/api/orders"), 405, "method-not-allowed")


def test_a_cursor_that_is_not_ours_is_refused(place: Shopper) -> None:
    assert_problem(place.get("/api/orders?cursor=nonsense"), 400, "invalid-cursor")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=ten", "status=lost"])
def test_a_wrong_query_is_named(place: Shopper, query: str) -> None:
    problem = assert_problem(place.get(f"/api/orders?{query}"), 422, "validation-failed")
    assert query.partition("=")[0] in {error["field"] for error in problem["errors"]}

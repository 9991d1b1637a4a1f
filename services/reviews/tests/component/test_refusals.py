"""Every refusal of a body or a token: a problem that names what is wrong, and nothing stored."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from reviews.models import Review, outbox
from sqlalchemy import func, select

from .world import API, WORDS, Market, Person, problem


@pytest.fixture
def product_id() -> UUID:
    return uuid4()


@pytest.fixture
def shopper(market: Market, product_id: UUID) -> Person:
    return market.buyer(product_id)


@pytest.fixture(autouse=True)
def _nothing_is_stored(market: Market):
    yield
    with market.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Review)) == 0
        assert session.scalar(select(func.count()).select_from(outbox)) == 0


def send(shopper: Person, product_id: UUID, data: bytes, content_type: str = "application/json") -> Any:
    headers = {"Authorization": f"Bearer {shopper.token}"}
    return shopper.client.post(
        f"{API}/products/{product_id}", data=data, content_type=content_type, headers=headers
    )


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"rating": 0}, "rating", "invalid"),
        ({"rating": 6}, "rating", "invalid"),
        ({"rating": "5"}, "rating", "invalid"),
        ({"rating": 4.5}, "rating", "invalid"),
        ({"rating": True}, "rating", "invalid"),
        ({"title": "x" * 121}, "title", "invalid"),
        ({"title": "a\x00b"}, "title", "invalid"),
        ({"body": "x" * 4001}, "body", "invalid"),
        ({"body": "\ud800"}, "body", "invalid"),
        ({"author_name": " "}, "author_name", "invalid"),
        ({"status": "published"}, "status", "unknown"),
        ({"shopper_id": str(uuid4())}, "shopper_id", "unknown"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    shopper: Person, product_id: UUID, change: dict[str, Any], field: str, code: str
):
    answer = shopper.review(product_id, **change)

    assert problem(answer) == (422, "validation-failed")
    assert [(error["field"], error["code"]) for error in answer.get_json(force=True)["errors"]] == [
        (field, code)
    ]


def test_all_that_is_missing_is_named_at_once(shopper: Person, product_id: UUID):
    answer = shopper.call("POST", f"/products/{product_id}", {})

    errors = answer.get_json(force=True)["errors"]
    assert sorted((error["field"], error["code"]) for error in errors) == [
        ("author_name", "required"), ("rating", "required"), ("title", "required"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data", [b"", b"{", b"{broken", b"\xff\xfe", b'{"rating": NaN}', b"[" * 60_000, b'{"rating": 1}{}']
)
def test_what_is_no_json(shopper: Person, product_id: UUID, data: bytes):
    assert problem(send(shopper, product_id, data)) == (400, "malformed-body")


@pytest.mark.parametrize("data", [b"[]", b"null", b'"five stars"', b"5"])
def test_json_that_is_no_object(shopper: Person, product_id: UUID, data: bytes):
    assert problem(send(shopper, product_id, data)) == (422, "validation-failed")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/xml"]
)
def test_another_type_than_json(shopper: Person, product_id: UUID, content_type: str):
    assert problem(send(shopper, product_id, b"{}", content_type)) == (415, "unsupported-media-type")


@pytest.mark.parametrize("more", [1, 2, 1_000_000])
def test_a_huge_body(shopper: Person, product_id: UUID, more: int):
    answer = send(shopper, product_id, b"{}" + b" " * (65_534 + more))

    assert problem(answer) == (413, "body-too-large")


def test_the_largest_body_is_read(shopper: Person, product_id: UUID):
    answer = send(shopper, product_id, b"{}" + b" " * 65_534)

    assert problem(answer) == (422, "validation-failed")


def test_each_bad_token(market: Market, product_id: UUID):
    for kind, token in market.forge.bad_tokens(str(uuid4())).items():
        person = Person(uuid4(), token, market.app.test_client())
        assert problem(person.review(product_id)) == (401, "unauthenticated"), kind
        assert problem(person.call("GET", "/mine")) == (401, "unauthenticated"), kind
        assert problem(person.call("GET", f"/products/{product_id}")) == (401, "unauthenticated"), kind


def test_the_cookie_of_the_pages_opens_nothing_here(market: Market, shopper: Person, product_id: UUID):
    browser = market.app.test_client()
    browser.set_cookie("bazaar_access", shopper.token)

    assert problem(browser.post(f"{API}/products/{product_id}", json=dict(WORDS))) == (401, "unauthenticated")

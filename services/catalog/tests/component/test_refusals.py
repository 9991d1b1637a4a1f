"""Bad input: problem details that name the field, and nothing stored."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.products.models import Product
from catalog.products.views import ProductViewSet

PRODUCTS = "/api/catalog/products"
GOOD = {"seller": "teas", "sku": "T-9", "slug": "new", "name": "New", "category": "tea", "price_minor": 100}


@pytest.fixture
def tess(market: SimpleNamespace, as_user: Any) -> APIClient:
    return as_user(market.tess)


def problem(answer: Any, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"https://bazaar.example/problems/{slug}"
    assert document["status"] == status
    assert document["title"]
    assert document["trace_id"] == answer.headers["X-Trace-Id"]
    return document


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"price_minor": 0}, "price_minor", "min_value"),
        ({"price_minor": -1}, "price_minor", "min_value"),
        ({"price_minor": 100_000_001}, "price_minor", "max_value"),
        ({"price_minor": 10**30}, "price_minor", "max_value"),
        ({"price_minor": "100"}, "price_minor", "invalid"),
        ({"price_minor": 100.0}, "price_minor", "invalid"),
        ({"price_minor": True}, "price_minor", "invalid"),
        ({"price_minor": None}, "price_minor", "null"),
        ({"price": 100}, "price", "unknown_field"),
        ({"status": "archived"}, "status", "unknown_field"),
        ({"version": 7}, "version", "unknown_field"),
        ({"id": "33333333-0000-5000-8000-000000000001"}, "id", "unknown_field"),
        ({"name": ""}, "name", "blank"),
        ({"name": 5}, "name", "invalid"),
        ({"name": ["x"]}, "name", "invalid"),
        ({"name": "x" * 201}, "name", "max_length"),
        ({"name": "a\0b"}, "name", "null_characters_not_allowed"),
        ({"category": "nothing-like-it"}, "category", "does_not_exist"),
        ({"category": {"slug": "tea"}}, "category", "invalid"),
        ({"category": "a\0b"}, "category", "invalid"),
        ({"seller": "nobody"}, "seller", "does_not_exist"),
        ({"sku": "../x"}, "sku", "invalid"),
        ({"slug": "a b"}, "slug", "invalid"),
    ],
)
def test_a_bad_field_is_named(
    tess: APIClient, change: dict[str, Any], field: str, code: str, events: Any
) -> None:
    document = problem(tess.post(PRODUCTS, GOOD | change), 422, "validation-failed")
    assert [(error["field"], error["code"]) for error in document["errors"]] == [(field, code)]
    assert document["errors"][0]["message"]
    assert Product.objects.count() == 4
    assert events() == []


def test_half_a_character_is_no_text(tess: APIClient, events: Any) -> None:
    body = json.dumps(GOOD | {"name": "\ud800"})
    document = problem(tess.post(PRODUCTS, body, content_type="application/json"), 422, "validation-failed")
    assert document["errors"][0]["code"] == "surrogate_characters_not_allowed"
    assert events() == []


def test_every_missing_field_is_named(tess: APIClient) -> None:
    document = problem(tess.post(PRODUCTS, {}), 422, "validation-failed")
    assert {error["field"] for error in document["errors"]} == {
        "name", "category", "price_minor", "seller", "sku", "slug",
    }  # fmt: skip


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"5", b"null"])
def test_json_that_is_no_object(tess: APIClient, market: SimpleNamespace, body: bytes) -> None:
    for answer in (
        tess.post(PRODUCTS, body, content_type="application/json"),
        tess.patch(f"{PRODUCTS}/{market.assam.pk}", body, content_type="application/json"),
    ):
        problem(answer, 422, "validation-failed")


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a": NaN}', b"{'a': 1}", b"[" * 30_000])
def test_broken_json(tess: APIClient, body: bytes) -> None:
    problem(tess.post(PRODUCTS, body, content_type="application/json"), 400, "malformed-body")


def test_an_oversized_body(tess: APIClient) -> None:
    problem(tess.post(PRODUCTS, GOOD | {"description": "x" * 70_000}), 413, "body-too-large")


def test_another_type_of_body(tess: APIClient) -> None:
    problem(
        tess.post(PRODUCTS, "a=1", content_type="application/x-www-form-urlencoded"),
        415,
        "unsupported-media-type",
    )


def test_an_answer_that_is_not_given(api: APIClient) -> None:
    problem(api.get(PRODUCTS, headers={"Accept": "application/xml"}), 406, "not-acceptable")


@pytest.mark.parametrize(
    "path",
    [
        "/", "/api", "/api/catalog", "/api/catalog/nothing", "/api/catalog/products/",
        "/api/catalog/products/1",
        "/api/catalog/products/99999999-0000-5000-8000-000000000009",
        "/api/catalog/products/99999999-0000-5000-8000-000000000009/prices",
        "/api/catalog/pictures/x",
    ],
)  # fmt: skip
def test_what_is_not_there(api: APIClient, path: str) -> None:
    problem(api.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("put", PRODUCTS),
        ("delete", PRODUCTS),
        ("post", f"{PRODUCTS}/batch"),
        ("post", "/api/catalog/categories"),
    ],
)
def test_a_method_that_is_not_there(tess: APIClient, method: str, path: str) -> None:
    answer = getattr(tess, method)(path)
    problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("min_price_minor=-1", "min_price_minor"),
        ("max_price_minor=99999999999", "max_price_minor"),
        ("in_stock=perhaps", "in_stock"),
        ("ordering=colour", "ordering"),
        ("ordering=relevance", "ordering"),
        ("category=a%00b", "category"),
        ("search=a%00b", "search"),
        (f"search={'x' * 201}", "search"),
        ("prize=1", "prize"),
    ],
)
def test_a_bad_parameter_is_named(api: APIClient, query: str, field: str) -> None:
    document = problem(api.get(f"{PRODUCTS}?{query}"), 422, "validation-failed")
    assert {error["field"] for error in document["errors"]} == {field}


@pytest.mark.parametrize("ids", ["", "1", "33333333-0000-5000-8000-000000000001,x"])
def test_a_bad_batch(api: APIClient, ids: str) -> None:
    document = problem(api.get(f"{PRODUCTS}/batch?ids={ids}"), 422, "validation-failed")
    assert [error["field"] for error in document["errors"]] == ["ids"]


def test_a_batch_of_too_many(api: APIClient) -> None:
    ids = ",".join(f"33333333-0000-5000-8000-{n:012}" for n in range(101))
    problem(api.get(f"{PRODUCTS}/batch?ids={ids}"), 422, "validation-failed")


def test_a_cursor_of_another_list(api: APIClient) -> None:
    cursor = api.get(f"{PRODUCTS}?limit=1").json()["next_cursor"]
    problem(api.get(f"{PRODUCTS}?limit=1&ordering=price&cursor={cursor}"), 400, "invalid-cursor")
    problem(api.get(f"{PRODUCTS}?cursor=abc"), 400, "invalid-cursor")


def test_our_own_faults_tell_nothing(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("password=secret")

    monkeypatch.setattr(ProductViewSet, "list", fail)
    answer = api.get(PRODUCTS)
    problem(answer, 500, "internal")
    assert "secret" not in answer.content.decode()


def test_a_back_office_page_that_is_not_there_is_a_page(market: SimpleNamespace, signed_in: Any) -> None:
    answer = signed_in(market.tess).get("/admin/nothing/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")

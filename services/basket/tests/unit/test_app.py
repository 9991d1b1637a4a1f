"""The application without its servers, by sanic-testing: each request starts and stops Sanic."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from basket.api.context import BasketApp
from basket.api.contract import document
from basket.app import create_app
from basket.settings import load
from openapi_spec_validator import validate
from prometheus_client import CollectorRegistry
from sanic import Sanic
from sanic_testing.testing import SanicTestClient

COMMITTED = Path(__file__).parents[4] / "shared/contracts/openapi/basket.json"


@pytest.fixture
def app() -> Iterator[BasketApp]:
    Sanic.test_mode = True
    settings = load(
        database_url="postgresql://nobody@127.0.0.1:1/basket",
        kafka_bootstrap_servers="127.0.0.1:1",
        jwks_url="http://127.0.0.1:1/jwks.json",
        management_port=0,
    )
    yield create_app(settings=settings, registry=CollectorRegistry())
    Sanic.test_mode = False


def test_the_document_is_valid_and_the_committed_one() -> None:
    validate(document())
    assert document() == json.loads(COMMITTED.read_text(encoding="utf-8")), (
        "python -m basket openapi > shared/contracts/openapi/basket.json"
    )


def test_the_document_names_every_route_and_no_other(app: BasketApp) -> None:
    app.router.finalize()
    routes = {
        ("/" + re.sub(r"<(\w+)[^>]*>", r"{\1}", route.path), method.lower())
        for route in app.router.routes
        for method in route.methods
    }
    told = {
        (path, method)
        for path, operations in document()["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert told == routes - {("/api/basket/openapi.json", "get")}


def test_it_serves_its_document(app: BasketApp) -> None:
    _, answer = SanicTestClient(app).get("/api/basket/openapi.json")
    assert (answer.status, answer.json) == (200, document())


def test_without_a_database_it_is_unavailable(app: BasketApp) -> None:
    _, answer = SanicTestClient(app).post("/api/basket/baskets")
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert answer.json["type"] == "https://bazaar.example/problems/unavailable"


def test_without_identitys_keys_a_token_cannot_be_judged(app: BasketApp) -> None:
    # well formed, of a key that nobody knows
    token = "eyJhbGciOiJFZERTQSIsImtpZCI6ImEifQ.e30.AAAA"
    _, answer = SanicTestClient(app).get(
        "/api/basket/baskets/mine", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 503


@pytest.mark.parametrize("path", ["/", "/api/basket", "/api/basket/baskets/x", "/api/basket/baskets/x/lines"])
def test_what_is_not_there(app: BasketApp, path: str) -> None:
    _, answer = SanicTestClient(app).get(path)
    assert (answer.status, answer.json["type"]) == (404, "https://bazaar.example/problems/not-found")
    assert answer.headers["content-type"] == "application/problem+json"

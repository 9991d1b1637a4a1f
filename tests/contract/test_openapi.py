"""The public promises: what is published is what is committed, and the answers are what is promised."""

from __future__ import annotations

import json
import os
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.kit.beside import BROWSER
from tests.kit.market import GATEWAY, ROOT, Shopper, eventually

SERVICES = ["identity", "catalog", "orders", "basket", "reviews", "chat", "clickstream", "insights"]
CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
GATEWAYS_OWN = {400: "malformed-request", 431: "headers-too-large"}
EXAMPLES = 40 if os.environ.get("FULL") == "1" else 8


def published(service: str) -> dict[str, Any]:
    answer = httpx.get(f"{GATEWAY}/api/{service}/openapi.json", timeout=15)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("service", SERVICES)
def test_the_published_contract_is_the_committed_one(service: str, market: dict[str, Any]) -> None:
    committed = json.loads((ROOT / "shared" / "contracts" / "openapi" / f"{service}.json").read_text("utf-8"))
    assert published(service) == committed, f"run `make contracts` and look at what changed in {service}"


@pytest.mark.parametrize("service", SERVICES)
def test_the_contract_is_valid_openapi(service: str, market: dict[str, Any]) -> None:
    validate(published(service))


def operations(service: str) -> Any:
    path = ROOT / "shared" / "contracts" / "openapi" / f"{service}.json"
    return schemathesis.openapi.from_path(path)


bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=os.environ.get("FULL") != "1",
)


def call(case: Any, person: Shopper, **headers: str) -> None:
    """Sends one generated request as that person and holds the answer to the contract."""
    case.headers = {**headers, **(case.headers or {})}
    if "Authorization" not in (case.headers or {}):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {person.token}"}

    def answer() -> Any:
        found = case.call(base_url=GATEWAY, timeout=20)
        # the gateway's own limit is met by waiting, as Retry-After says
        return found if found.status_code != 429 else None

    found = eventually(answer, within=40, every=1, what="an answer that is no 429")
    if not refused_at_the_gateway(found):
        case.validate_response(found, checks=CHECKS)


def refused_at_the_gateway(answer: Any) -> bool:
    """What is no HTTP, or brings odd headers, never reaches a service: its contract says nothing of that."""
    slug = GATEWAYS_OWN.get(answer.status_code)
    return slug is not None and answer.json()["type"].endswith(f"/{slug}")


# an account that a generated request may end must not be the one that the other tests act as
DESTRUCTIVE = {"identity": r"/sessions|/accounts/me$|/roles$"}


@operations("orders").parametrize()
@bounded
def test_orders_keeps_its_contract(case: Any, shopper: Shopper) -> None:
    call(case, shopper)


@operations("catalog").parametrize()
@bounded
def test_catalog_keeps_its_contract(case: Any, shopper: Shopper) -> None:
    call(case, shopper)


@operations("identity").exclude(path_regex=DESTRUCTIVE["identity"]).parametrize()
@bounded
def test_identity_keeps_its_contract(case: Any, shopper: Shopper) -> None:
    call(case, shopper)


@operations("basket").parametrize()
@bounded
def test_basket_keeps_its_contract(case: Any, shopper: Shopper) -> None:
    call(case, shopper)


@operations("reviews").parametrize()
@bounded
def test_reviews_keeps_its_contract(case: Any, shopper: Shopper) -> None:
    call(case, shopper)


@operations("chat").parametrize()
@bounded
def test_chat_keeps_its_contract(case: Any, shopper: Shopper) -> None:
    call(case, shopper)


@operations("clickstream").parametrize()
@bounded
def test_clickstream_keeps_its_contract(case: Any, shopper: Shopper) -> None:
    call(case, shopper, **BROWSER)  # programs are not counted


@operations("insights").parametrize()
@bounded
def test_insights_keeps_its_contract(case: Any, operator: Shopper) -> None:
    call(case, operator)

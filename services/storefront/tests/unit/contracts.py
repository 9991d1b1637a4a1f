"""The services' published contracts, against which everything that the doubles take and give is judged."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from storefront.settings import SERVICES

from tests.unit import REPOSITORY

_FOLDER = REPOSITORY / "shared/contracts/openapi"


@cache
def document(service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_FOLDER / f"{service}.json").read_text(encoding="utf-8"))
    return found


def shape(route: str) -> str:
    """A route without its parameters' names: `/orders/{}`."""
    return re.sub(r"\{\w+\}", "{}", route)


@cache
def operations() -> dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]]:
    """(method, shape of the route): its document and itself."""
    return {
        (method.upper(), shape(route)): (document(service), operation)
        for service in SERVICES
        for route, methods in document(service)["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


def check_answer(method: str, route: str, status: int, body: Any) -> None:
    whole, operation = operations()[method, shape(route)]
    responses = operation["responses"]
    found = responses.get(str(status)) or responses["default"]
    _check(whole, found, body)


def check_request(method: str, route: str, body: Any) -> None:
    whole, operation = operations()[method, shape(route)]
    if "requestBody" in operation:
        _check(whole, operation["requestBody"], body)
    else:
        assert body is None, (method, route)


def _check(whole: dict[str, Any], described: dict[str, Any], body: Any) -> None:
    while "$ref" in described:
        described = _followed(whole, described["$ref"])
    content = described.get("content")
    if not content:
        assert body is None
        return
    schema = next(iter(content.values()))["schema"]
    errors = list(Draft202012Validator(schema | {"components": whole["components"]}).iter_errors(body))
    assert errors == [], errors


def _followed(whole: dict[str, Any], reference: str) -> dict[str, Any]:
    found = whole
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found

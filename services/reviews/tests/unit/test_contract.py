"""The contract: valid, complete, and the one that is committed."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate
from reviews.api import blueprint
from reviews.api.openapi import of_blueprint

COMMITTED = Path(__file__).parents[4] / "shared" / "contracts" / "openapi" / "reviews.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return of_blueprint(blueprint)


def test_the_committed_contract_is_the_codes(document: dict[str, Any]):
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == json.loads(json.dumps(document))


def test_it_is_openapi(document: dict[str, Any]):
    validate(document)


def test_every_route_and_method_is_in_it(document: dict[str, Any]):
    app = Flask("reviews", static_folder=None)
    app.register_blueprint(blueprint)
    served = {
        (rule.rule.replace("<uuid:", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.endswith("/openapi.json")
    }
    described = {(path, method) for path, item in document["paths"].items() for method in item}

    assert described == served
    assert len(described) == 9


def test_a_list_in_a_query_has_commas(document: dict[str, Any]):
    [ids] = document["paths"]["/api/reviews/summaries"]["get"]["parameters"]

    assert (ids["name"], ids["style"], ids["explode"]) == ("ids", "form", False)
    assert ids["schema"] | {"description": ""} == {
        "type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1, "maxItems": 100,
        "description": "",
    }  # fmt: skip


def test_the_rules_for_bodies_stand_in_it(document: dict[str, Any]):
    schema = document["components"]["schemas"]["ReviewWrite"]

    assert schema["properties"]["rating"] | {"description": ""} == {
        "type": "integer", "minimum": 1, "maximum": 5, "description": "",
    }  # fmt: skip
    assert schema["properties"]["title"] == {"type": "string", "minLength": 1, "maxLength": 120}
    assert schema["additionalProperties"] is False
    assert sorted(schema["required"]) == ["author_name", "rating", "title"]

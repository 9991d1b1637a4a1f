"""The OpenAPI document: valid, committed, and true to the routes."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from clickstream.api.openapi import document
from falcon.testing import TestClient
from openapi_spec_validator import validate

from tests.unit.conftest import Post, batch, view

COMMITTED = Path(__file__).resolve().parents[4] / "shared/contracts/openapi/clickstream.json"


def test_it_is_valid() -> None:
    validate(document())


def test_it_is_the_committed_one() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clickstream", "openapi"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == COMMITTED.read_text("utf-8")


def test_it_is_served(client: TestClient) -> None:
    answer = client.simulate_get("/api/clickstream/openapi.json")
    assert (answer.status_code, answer.json) == (200, document())


@pytest.mark.parametrize("good", [True, False])
def test_its_schema_judges_as_the_service_does(post: Post, good: bool) -> None:
    body = batch(view(kind="search", query="tea" if good else ""))
    schema = {**document(), "$ref": "#/components/schemas/Batch"}
    judged = jsonschema.Draft202012Validator(schema)
    assert judged.is_valid(json.loads(json.dumps(body))) is good
    assert (post(body).status_code == 202) is good

"""Nothing that is wrong gets in, everything is named, nothing is stored."""

import pytest
from identity.accounts.models import Account
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from .world import API, PASSWORD, Replica, problem

GOOD = {"email": "ada@bazaar.example", "password": PASSWORD, "display_name": "Ada"}


@pytest.fixture(autouse=True)
def _nothing_is_stored(engine: Engine, _clean: None):
    yield
    with Session(engine) as db:
        assert db.scalar(select(func.count()).select_from(Account)) == 0


def found(answer) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in problem(answer)["errors"]]


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"email": "nobody"}, [("email", "invalid_format")]),
        ({"email": "ada@bazaar.example\n"}, [("email", "invalid_format")]),
        ({"email": "a@b"}, [("email", "invalid_format")]),
        ({"email": f"{'a' * 250}@bazaar.example"}, [("email", "max_length")]),
        ({"email": 7}, [("email", "invalid_type")]),
        ({"password": "eleven char"}, [("password", "min_length")]),
        ({"password": "x" * 129}, [("password", "max_length")]),
        ({"password": "ADA@bazaar.example"}, [("password", "same_as_email")]),
        ({"display_name": ""}, [("display_name", "invalid_format"), ("display_name", "min_length")]),
        ({"display_name": "   "}, [("display_name", "invalid_format")]),
        ({"display_name": "a\tb"}, [("display_name", "invalid_format")]),
        ({"display_name": None}, [("display_name", "invalid_type")]),
        ({"roles": ["operator"]}, [("roles", "unknown_field")]),
        ({"id": "1", "state": "active"}, [("id", "unknown_field"), ("state", "unknown_field")]),
    ],
)  # fmt: skip
def test_a_field_that_is_wrong_is_named(identity: Replica, changes, errors):
    answer = identity.http.post_json(f"{API}/accounts", GOOD | changes, status=422)

    assert found(answer) == errors
    assert problem(answer)["type"] == "https://bazaar.example/problems/validation-failed"


def test_all_missing_fields_are_named_at_once(identity: Replica):
    answer = identity.http.post_json(f"{API}/accounts", {}, status=422)

    assert found(answer) == [("display_name", "required"), ("email", "required"), ("password", "required")]


def test_a_refused_password_does_not_come_back(identity: Replica, caplog: pytest.LogCaptureFixture):
    answer = identity.http.post_json(f"{API}/accounts", GOOD | {"password": "my-secret!"}, status=422)

    assert "my-secret!" not in answer.text
    assert "my-secret!" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"email":',
        b"\xff\xfe{}",
        b'{"email": NaN}',
        b'{"email": "a@b.example", "email": "c@d.example"}',
        b'{"email": "a\\u0000@bazaar.example"}',
        b'{"email": "\\ud800@bazaar.example"}',
        b"[" * 50_000,
    ],
)
def test_what_is_not_json_is_malformed(identity: Replica, body: bytes):
    answer = identity.http.post(f"{API}/accounts", body, content_type="application/json", status=400)

    assert problem(answer)["type"] == "https://bazaar.example/problems/malformed-body"


def test_a_body_of_another_kind_is_not_supported(identity: Replica):
    answer = identity.http.post(f"{API}/accounts", b"email=a", content_type="text/plain", status=415)

    assert problem(answer)["type"] == "https://bazaar.example/problems/unsupported-media-type"


def test_a_list_is_no_account(identity: Replica):
    answer = identity.http.post_json(f"{API}/accounts", [GOOD], status=422)

    assert found(answer) == [("", "invalid_type")]


def test_a_body_above_64_kib_is_too_large(identity: Replica):
    answer = identity.http.post_json(f"{API}/accounts", GOOD | {"display_name": "x" * 65_536}, status=413)

    assert problem(answer)["type"] == "https://bazaar.example/problems/body-too-large"


@pytest.mark.parametrize("path", ["/", "/api/identity", "/api/identity/accounts/", "/api/identity/nothing"])
def test_an_unknown_path_is_not_found(identity: Replica, path: str):
    assert problem(identity.http.get(path, status=404))["type"] == "https://bazaar.example/problems/not-found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", f"{API}/accounts", "GET, POST"),
        ("GET", f"{API}/sessions/refresh", "POST"),
        ("POST", f"{API}/sessions/current", "DELETE"),
        ("DELETE", "/.well-known/jwks.json", "GET"),
        ("POST", f"{API}/openapi.json", "GET"),
    ],
)
def test_a_method_that_is_not_there_names_those_that_are(
    identity: Replica, method: str, path: str, allowed: str
):
    answer = identity.http.request(path, method=method, status=405)

    assert problem(answer)["type"] == "https://bazaar.example/problems/method-not-allowed"
    assert answer.headers["Allow"] == allowed

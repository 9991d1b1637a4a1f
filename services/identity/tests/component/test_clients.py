"""Client credentials as RFC 6749 has them."""

from base64 import b64encode
from pathlib import Path

import pytest
from identity.accounts.models import Role
from identity.clients.models import ServiceClient
from identity.clients.service import load_clients
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from .conftest import CLIENT_SECRET
from .world import API, Clock, Replica, claims, problem

TOKEN = f"{API}/oauth/token"


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}


GRANT = {"grant_type": "client_credentials"}


def test_a_service_gets_a_token_of_its_own(identity: Replica, clock: Clock):
    granted = identity.http.post(TOKEN, GRANT, headers=basic("orders", CLIENT_SECRET))

    assert set(granted.json) == {"access_token", "token_type", "expires_in"}
    assert (granted.json["token_type"], granted.json["expires_in"]) == ("Bearer", 600)
    assert granted.headers["Cache-Control"] == "no-store"
    found = claims(granted.json["access_token"])
    assert (found["sub"], found["roles"]) == ("service:orders", ["service"])
    assert "sid" not in found


def test_other_parameters_are_ignored_as_the_rfc_wants(identity: Replica):
    identity.http.post(TOKEN, GRANT | {"resource": "x", "scope": "y"}, headers=basic("orders", CLIENT_SECRET))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("orders", "a wrong secret"),
        basic("nobody", CLIENT_SECRET),
        basic("", ""),
        basic("a\0b", CLIENT_SECRET),
        basic("orders", ""),
        {"Authorization": "Basic !!!"},
        {"Authorization": f"Bearer {CLIENT_SECRET}"},
    ],
)
def test_who_proves_nothing_gets_nothing(identity: Replica, headers: dict[str, str]):
    refused = identity.http.post(TOKEN, GRANT, headers=headers, status=401)

    assert problem(refused)["error"] == "invalid_client"
    assert refused.headers["WWW-Authenticate"] == 'Basic realm="bazaar services"'


def test_other_grants_are_refused(identity: Replica):
    refused = identity.http.post(
        TOKEN, {"grant_type": "password"}, headers=basic("orders", CLIENT_SECRET), status=400
    )

    assert problem(refused)["error"] == "unsupported_grant_type"


def test_the_grant_is_needed(identity: Replica):
    refused = identity.http.post(TOKEN, {"scope": "x"}, headers=basic("orders", CLIENT_SECRET), status=422)

    assert [(error["field"], error["code"]) for error in problem(refused)["errors"]] == [
        ("grant_type", "required")
    ]


def test_guessing_secrets_is_throttled(identity: Replica):
    for _ in range(50):
        identity.http.post(TOKEN, GRANT, headers=basic("orders", "a wrong secret"), status=401)

    identity.http.post(TOKEN, GRANT, headers=basic("orders", CLIENT_SECRET), status=429)


def test_a_service_is_no_person(identity: Replica):
    token = identity.http.post(TOKEN, GRANT, headers=basic("orders", CLIENT_SECRET)).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    for path in ("accounts", "accounts/me", "sessions"):
        identity.http.get(f"{API}/{path}", headers=headers, status=403)
    identity.http.delete(f"{API}/sessions/current", headers=headers, status=403)
    ada = identity.person("ada@bazaar.example", Role.SHOPPER)
    identity.http.delete(f"{API}/sessions/{ada.session_id}", headers=headers, status=404)


def test_the_folder_is_the_truth(identity: Replica, engine: Engine, clock: Clock, tmp_path: Path):
    (tmp_path / "catalog").write_text("the-random-secret-of-catalog")
    (tmp_path / ".hidden").write_text("x")
    with Session(engine) as db, db.begin():
        assert load_clients(db, tmp_path, clock.now()) == ["catalog"]

    identity.http.post(TOKEN, GRANT, headers=basic("orders", CLIENT_SECRET), status=401)
    identity.http.post(TOKEN, GRANT, headers=basic("catalog", "the-random-secret-of-catalog"))
    with Session(engine) as db:
        stored = db.scalars(select(ServiceClient)).one()
    assert b"random-secret" not in stored.secret_digest


def test_a_short_secret_is_refused_by_name(engine: Engine, clock: Clock, tmp_path: Path):
    (tmp_path / "catalog").write_text("short")

    with Session(engine) as db, pytest.raises(ValueError, match="secret of catalog is too short"):
        load_clients(db, tmp_path, clock.now())

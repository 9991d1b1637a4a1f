"""The door: forged tokens, and views that somebody forgot to open or close."""

from uuid import uuid4

import pytest
from identity.accounts.models import Role
from identity.keyring import Keyring
from identity.settings import Settings
from identity.tokens.keys import SigningKeys
from pyramid.response import Response
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from bazaar_shared.testing import TokenForge

from .world import API, Clock, Replica, problem


@pytest.fixture
def forge(engine: Engine, settings: Settings, clock: Clock) -> TokenForge:
    """A forger with our own key: its bad tokens differ from good ones in exactly one thing."""
    forge = TokenForge()
    with Session(engine) as db:
        forge.kid, forge._key = SigningKeys(db, Keyring(settings.key_encryption_key), clock.now()).current()
    return forge


BAD = sorted(TokenForge().bad_tokens())


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_token_is_refused(identity: Replica, forge: TokenForge, kind: str):
    ada = identity.person("ada@bazaar.example")
    good = forge.token(ada.id, sid=ada.session_id)
    identity.http.get(f"{API}/accounts/me", headers={"Authorization": f"Bearer {good}"})

    bad = forge.bad_tokens(ada.id)[kind]
    refused = identity.http.get(f"{API}/accounts/me", headers={"Authorization": f"Bearer {bad}"}, status=401)

    assert problem(refused)["type"] == "https://bazaar.example/problems/unauthenticated"
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="bazaar", error="invalid_token"'


@pytest.mark.parametrize(
    "changes", [{"sid": str(uuid4())}, {"sid": "x"}, {"sub": "x"}, {"jti": None}, {"exp": None}]
)
def test_a_signed_token_must_also_fit_a_living_session(identity: Replica, forge: TokenForge, changes):
    ada = identity.person("ada@bazaar.example")
    token = (
        forge.token(**({"subject": ada.id, "sid": ada.session_id} | changes))
        if "sub" not in changes
        else (forge.token(sid=ada.session_id, **changes))
    )

    identity.http.get(f"{API}/accounts/me", headers={"Authorization": f"Bearer {token}"}, status=401)


def test_roles_in_a_token_open_nothing_here(identity: Replica, forge: TokenForge):
    ada = identity.person("ada@bazaar.example")
    token = forge.token(ada.id, ("operator",), sid=ada.session_id)

    identity.http.get(f"{API}/accounts", headers={"Authorization": f"Bearer {token}"}, status=403)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer\tx", "Token abc"])
def test_other_headers_are_no_identity(identity: Replica, header: str):
    identity.http.get(f"{API}/accounts/me", headers={"Authorization": header}, status=401)


def test_identity_headers_of_a_caller_are_ignored(identity: Replica):
    headers = {"X-User-Id": str(uuid4()), "X-Roles": "operator", "X-Forwarded-User": "olga"}

    identity.http.get(f"{API}/accounts", headers=headers, status=401)


def test_a_bad_token_closes_no_public_door(identity: Replica):
    identity.sign_up("ada@bazaar.example")

    body = {"email": "ada@bazaar.example", "password": "correct horse battery staple"}
    identity.http.post_json(f"{API}/sessions", body, headers={"Authorization": "Bearer x"}, status=201)
    identity.http.get("/.well-known/jwks.json", headers={"Authorization": "Bearer x"})


def test_a_view_that_says_nothing_is_closed_to_everybody(replica_with):
    def with_a_forgotten_permission(config):
        config.add_route("forgotten", "/forgotten", factory="identity.accounts.resources.AccountCollection")
        config.add_view(lambda _: Response("secret"), route_name="forgotten")

    identity = replica_with(with_a_forgotten_permission)
    olga = identity.person("olga@bazaar.example", *Role)

    refused = identity.http.get("/forgotten", headers=olga.headers, status=403)

    assert "secret" not in refused
    identity.http.get("/forgotten", status=401)


def test_a_failure_of_ours_tells_nothing(replica_with, caplog: pytest.LogCaptureFixture):
    def with_a_broken_view(config):
        def broken(_request):
            raise RuntimeError("the secret is 42")

        config.add_route("broken", "/broken")
        config.add_view(broken, route_name="broken", permission="__no_permission_required__")

    answer = replica_with(with_a_broken_view).http.get("/broken", status=500)

    assert problem(answer) == {
        "type": "https://bazaar.example/problems/internal",
        "title": "Something went wrong on our side",
        "status": 500,
    }
    assert "the secret is 42" in caplog.text

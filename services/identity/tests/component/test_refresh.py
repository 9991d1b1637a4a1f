"""docs/adr/0012: the immediate predecessor gets the same successor for 30 s, older reuse ends the family."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

import pytest
from identity.accounts.models import Role
from identity.sessions.models import AccountSession
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from .world import Clock, Replica, at_once, claims, problem


def session_of(engine: Engine, session_id: str) -> AccountSession:
    with Session(engine) as db:
        return db.get_one(AccountSession, UUID(session_id))


def test_a_refresh_gives_the_next_tokens_of_the_same_session(identity: Replica, clock: Clock):
    ada = identity.person("ada@bazaar.example")
    clock.forward(minutes=9)

    granted = identity.refresh(ada.refresh_token).json

    assert granted["session_id"] == ada.session_id
    assert granted["refresh_token"] != ada.refresh_token
    fresh = claims(granted["access_token"])
    assert (fresh["sub"], fresh["sid"]) == (ada.id, ada.session_id)
    assert fresh["exp"] == int(clock.now().timestamp()) + 600
    assert fresh["jti"] != claims(ada.access_token)["jti"]


def test_the_predecessor_gets_the_same_successor_for_30_seconds(
    identity: Replica, clock: Clock, engine: Engine
):
    ada = identity.person("ada@bazaar.example")
    first = identity.refresh(ada.refresh_token).json["refresh_token"]

    clock.forward(seconds=29)
    again = identity.refresh(ada.refresh_token).json["refresh_token"]

    assert again == first
    assert session_of(engine, ada.session_id).generation == 2


def test_two_parallel_refreshes_on_two_replicas_get_the_same_successor(pair: list[Replica], engine: Engine):
    ada = pair[0].person("ada@bazaar.example")

    granted = at_once(*[lambda one=one: one.refresh(ada.refresh_token).json for one in pair * 4])

    assert len({answer["refresh_token"] for answer in granted}) == 1
    assert session_of(engine, ada.session_id).generation == 2
    pair[1].refresh(granted[0]["refresh_token"])


def test_the_predecessor_after_30_seconds_ends_the_family(identity: Replica, clock: Clock, engine: Engine):
    ada = identity.person("ada@bazaar.example")
    successor = identity.refresh(ada.refresh_token).json["refresh_token"]
    clock.forward(seconds=30)

    identity.refresh(ada.refresh_token, status=401)

    assert session_of(engine, ada.session_id).ended_because == "token_reused"
    identity.refresh(successor, status=401)


def test_an_older_token_ends_the_family_at_once_and_for_good(pair: list[Replica], engine: Engine):
    one, other = pair
    ada = one.person("ada@bazaar.example")
    second = one.refresh(ada.refresh_token).json["refresh_token"]
    third = one.refresh(second).json["refresh_token"]

    refused = one.refresh(ada.refresh_token, status=401)

    assert problem(refused) == {
        "type": "https://bazaar.example/problems/unauthenticated",
        "title": "A valid access token is required",
        "status": 401,
        "detail": "The refresh token is not valid. Sign in again.",
    }
    # the refusal rolled the request's transaction back, and the end of the family is still there
    assert session_of(engine, ada.session_id).ended_because == "token_reused"
    for token in (third, second, ada.refresh_token):
        other.refresh(token, status=401)
    other.me(ada, status=401)


def test_the_end_of_one_family_leaves_the_others_alone(identity: Replica):
    phone = identity.person("ada@bazaar.example")
    laptop = identity.signed_in("ada@bazaar.example", phone.id)
    identity.refresh(identity.refresh(phone.refresh_token).json["refresh_token"])

    identity.refresh(phone.refresh_token, status=401)

    identity.refresh(laptop.refresh_token)
    identity.me(laptop)


@pytest.mark.parametrize("changed", [0, 16, 19, 20, 51])
def test_a_token_that_is_nearly_right_is_refused_and_ends_nothing(
    identity: Replica, engine: Engine, changed: int
):
    ada = identity.person("ada@bazaar.example")
    current = identity.refresh(ada.refresh_token).json["refresh_token"]
    raw = bytearray(urlsafe_b64decode(current + "=="))
    raw[changed] ^= 1
    forged = urlsafe_b64encode(raw).decode().rstrip("=")

    identity.refresh(forged, status=401)

    assert session_of(engine, ada.session_id).ended_at is None
    identity.refresh(current)


@pytest.mark.parametrize("token", ["x", "ä", "A" * 70, "A" * 199, "===", "not a token at all"])
def test_nonsense_is_refused(identity: Replica, token: str):
    identity.refresh(token, status=401)


def test_an_access_token_is_no_refresh_token(identity: Replica):
    ada = identity.person("ada@bazaar.example")

    identity.refresh(ada.access_token[:200], status=401)


def test_a_refresh_brings_the_roles_of_today(identity: Replica):
    ada = identity.person("ada@bazaar.example")
    olga = identity.person("olga@bazaar.example", Role.OPERATOR)
    roles = {"roles": ["seller", "shopper"]}
    identity.http.put_json(f"/api/identity/accounts/{ada.id}/roles", roles, headers=olga.headers)

    granted = identity.refresh(ada.refresh_token).json

    assert claims(granted["access_token"])["roles"] == ["seller", "shopper"]


def test_a_session_has_an_end_however_often_it_is_refreshed(identity: Replica, clock: Clock):
    ada = identity.person("ada@bazaar.example")
    clock.forward(days=29)
    token = identity.refresh(ada.refresh_token).json["refresh_token"]
    clock.forward(days=1)

    identity.refresh(token, status=401)


def test_no_token_is_stored(identity: Replica, engine: Engine):
    ada = identity.person("ada@bazaar.example")
    mac = urlsafe_b64decode(ada.refresh_token + "==")[20:]

    row = session_of(engine, ada.session_id)

    assert mac not in (row.secret, row.id.bytes)
    assert len(row.secret) == 32

"""docs/adr/0013: a key is published one cache period before it signs, and until its last token is gone."""

from datetime import timedelta

import jwt
import pytest
from cryptography.fernet import InvalidToken
from identity.keyring import Keyring
from identity.settings import Settings
from identity.tokens.keys import Rotation, SigningKeys, rotate
from identity.tokens.models import SigningKey
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from .world import Clock, Person, Replica, at_once

JWKS = "/.well-known/jwks.json"


def published(identity: Replica) -> list[str]:
    return [key["kid"] for key in identity.http.get(JWKS).json["keys"]]


def kid_of(person: Person) -> str:
    return jwt.get_unverified_header(person.access_token)["kid"]


@pytest.fixture
def rotated(engine: Engine, settings: Settings, clock: Clock):
    def run() -> Rotation:
        with Session(engine) as db, db.begin():
            return rotate(db, Keyring(settings.key_encryption_key), settings, clock.now())

    return run


def test_the_key_set_is_public_and_cacheable_for_as_long_as_a_new_key_waits(
    identity: Replica, settings: Settings
):
    answer = identity.http.get(JWKS)

    assert answer.headers["Cache-Control"] == "public, max-age=300"
    (key,) = answer.json["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")


def test_every_token_is_verifiable_by_the_key_set_that_was_cached_last(
    identity: Replica, clock: Clock, settings: Settings, rotated
):
    """Walks through two rotations with a verifier whose copy of the key set is as old as it may be."""
    identity.sign_up("ada@bazaar.example")
    rotated()
    cached_at, cached = clock.now(), identity.http.get(JWKS).json
    living: list[tuple[float, str]] = []
    for step in range(200):
        clock.forward(seconds=30)
        if clock.now() - cached_at >= settings.jwks_cache:
            cached_at, cached = clock.now(), identity.http.get(JWKS).json
        if step == 60:
            rotated()
        if step % 5 == 0:
            token = identity.sign_in("ada@bazaar.example").json["access_token"]
            living.append((clock.now().timestamp() + 600, token))
        keys = {key["kid"]: jwt.PyJWK(key) for key in cached["keys"]}
        living = [(until, token) for until, token in living if until > clock.now().timestamp()]
        for _, token in living:
            key = keys[jwt.get_unverified_header(token)["kid"]]
            jwt.decode(
                token, key, ["EdDSA"], audience="bazaar", options={"verify_exp": False, "verify_iat": False}
            )
    assert len(cached["keys"]) == 1


def test_a_rotation_step_by_step(identity: Replica, clock: Clock, rotated, engine: Engine):
    (old,) = published(identity)
    ada = identity.person("ada@bazaar.example")

    rotation = rotated()

    assert rotation.is_new
    assert rotation.signs_from == clock.now() + timedelta(seconds=330)
    assert published(identity) == [old, rotation.kid]
    clock.forward(seconds=329)
    assert kid_of(identity.signed_in(ada.email, ada.id)) == old
    clock.forward(seconds=1)
    assert kid_of(identity.signed_in(ada.email, ada.id)) == rotation.kid
    # the old key is withdrawn after token life + cache + skew, not before
    clock.forward(seconds=929)
    assert published(identity) == [old, rotation.kid]
    clock.forward(seconds=1)
    assert published(identity) == [rotation.kid]


def test_the_private_half_goes_when_nobody_can_need_it(
    clock: Clock, rotated, engine: Engine, identity: Replica
):
    (old,) = published(identity)
    first = rotated()
    clock.forward(seconds=330)
    second = rotated()
    assert second.kid != first.kid

    def sealed() -> dict[str, bool]:
        with Session(engine) as db:
            return {key.kid: key.sealed_private_key is not None for key in db.scalars(select(SigningKey))}

    assert sealed() == {old: True, first.kid: True, second.kid: True}
    clock.forward(seconds=330)
    third = rotated()
    assert sealed() == {old: False, first.kid: True, second.kid: True, third.kid: True}
    clock.forward(seconds=3600)
    rotated()
    assert old not in sealed()
    assert first.kid not in sealed()


def test_a_second_rotation_waits_for_the_first(rotated, identity: Replica):
    first = rotated()

    again = rotated()

    assert (again.kid, again.signs_from, again.is_new) == (first.kid, first.signs_from, False)
    assert len(published(identity)) == 2


def test_two_rotations_at_once_make_one_key(rotated, identity: Replica):
    rotations = at_once(*[rotated] * 4)

    assert sorted(rotation.is_new for rotation in rotations) == [False, False, False, True]
    assert len({rotation.kid for rotation in rotations}) == 1
    assert len(published(identity)) == 2


def test_replicas_share_the_keys(pair: list[Replica]):
    one, other = pair
    ada = one.person("ada@bazaar.example")

    other.me(ada)
    assert published(one) == published(other) == [kid_of(ada)]


def test_a_stolen_database_signs_nothing(engine: Engine, clock: Clock):
    with Session(engine) as db:
        keys = SigningKeys(db, Keyring("another key encryption key, not ours"), clock.now())
        with pytest.raises(InvalidToken):
            keys.current()


def test_without_a_key_the_answer_is_unavailable(identity: Replica, engine: Engine):
    identity.sign_up("ada@bazaar.example")
    with Session(engine) as db, db.begin():
        db.delete(db.scalars(select(SigningKey)).one())

    refused = identity.sign_in("ada@bazaar.example", status=503)

    assert refused.json["type"] == "https://bazaar.example/problems/unavailable"

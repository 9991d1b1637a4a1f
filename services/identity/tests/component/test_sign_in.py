import pytest
from identity.accounts.models import Account
from identity.sessions.models import AccountSession
from identity.throttling.models import ThrottleBucket
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from .world import PASSWORD, Clock, CountingHasher, Replica, at_once, claims, problem

WRONG = "not the password at all"


def count(engine: Engine, model: type) -> int:
    with Session(engine) as db:
        return db.scalar(select(func.count()).select_from(model))


def test_the_right_password_opens_a_session(identity: Replica, clock: Clock):
    account_id = identity.sign_up("ada@bazaar.example").json["id"]

    granted = identity.sign_in("Ada@bazaar.example").json

    assert set(granted) == {"access_token", "token_type", "expires_in", "refresh_token", "session_id"}
    assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 600)
    found = claims(granted["access_token"])
    issued_at = int(clock.now().timestamp())
    assert found.pop("jti")
    assert found == {
        "iss": "https://identity.bazaar.example",
        "aud": "bazaar",
        "sub": account_id,
        "sid": granted["session_id"],
        "roles": ["shopper"],
        "iat": issued_at,
        "exp": issued_at + 600,
    }


def test_an_unknown_account_and_a_wrong_password_are_the_same_to_the_caller(
    identity: Replica, hasher: CountingHasher, engine: Engine
):
    identity.sign_up("ada@bazaar.example")
    answers = []

    wrong = hasher.count(lambda: answers.append(identity.sign_in("ada@bazaar.example", WRONG, status=401)))
    unknown = hasher.count(lambda: answers.append(identity.sign_in("eve@bazaar.example", WRONG, status=401)))

    # the same work: one Argon2 verification each, against the same parameters
    assert (wrong, unknown) == (1, 1)
    assert problem(answers[0]) == problem(answers[1])
    assert problem(answers[0])["detail"] == "The e-mail address or the password is wrong."
    differing = {"X-Trace-Id"}
    headers = [{k: v for k, v in answer.headers.items() if k not in differing} for answer in answers]
    assert headers[0] == headers[1]
    assert count(engine, AccountSession) == 0


def test_the_right_password_of_nobody_opens_nothing(identity: Replica, hasher: CountingHasher):
    """The hash that unknown accounts are compared with is of a text: knowing it must not help."""
    identity.sign_in("eve@bazaar.example", "the password of an account that does not exist", status=401)


def test_guessing_is_throttled_for_all_replicas_and_costs_no_work(
    pair: list[Replica], hasher: CountingHasher, clock: Clock
):
    one, other = pair
    one.sign_up("ada@bazaar.example")
    for _ in range(10):
        one.sign_in("ada@bazaar.example", WRONG, status=401)

    # the right password too: or the throttle would tell that it was found
    verified = hasher.count(lambda: other.sign_in("ada@bazaar.example", PASSWORD, status=429))

    assert verified == 0
    refused = other.sign_in("ada@bazaar.example", status=429)
    assert int(refused.headers["Retry-After"]) == 60
    clock.forward(seconds=60)
    other.sign_in("ada@bazaar.example", status=201)


def test_an_unknown_account_is_throttled_like_a_known_one(identity: Replica):
    identity.sign_up("ada@bazaar.example")
    answers = {
        email: [identity.sign_in(email, WRONG, status="*").status_int for _ in range(12)]
        for email in ("ada@bazaar.example", "eve@bazaar.example")
    }

    assert answers["ada@bazaar.example"] == answers["eve@bazaar.example"] == [401] * 10 + [429] * 2


def test_an_attempt_is_counted_though_the_refusal_rolls_back(identity: Replica, engine: Engine):
    identity.sign_in("eve@bazaar.example", WRONG, status=401)

    with Session(engine) as db:
        scopes = set(db.scalars(select(ThrottleBucket.scope)))
    assert scopes == {"password/account", "password/address"}


def test_the_throttle_keeps_no_address(identity: Replica, engine: Engine):
    identity.sign_in("eve@bazaar.example", WRONG, status=401)

    with Session(engine) as db:
        subjects = b"".join(db.scalars(select(ThrottleBucket.subject)))
    assert b"eve" not in subjects
    assert b"203.0.113" not in subjects


def test_an_address_that_tries_many_accounts_is_throttled(identity: Replica):
    for number in range(50):
        identity.sign_in(f"eve{number}@bazaar.example", WRONG, status=401)

    assert identity.sign_in("eve@bazaar.example", WRONG, status=429).headers["Retry-After"] == "5"
    identity.sign_in("eve@bazaar.example", WRONG, status=401, REMOTE_ADDR="198.51.100.1")


def test_signing_in_rightly_costs_nothing(identity: Replica):
    identity.sign_up("ada@bazaar.example")

    for _ in range(15):
        identity.sign_in("ada@bazaar.example", status=201)


def test_a_crowd_of_guesses_gets_no_more_than_a_row_of_them(pair: list[Replica], hasher: CountingHasher):
    guesses = [
        lambda one=one: one.sign_in("eve@bazaar.example", WRONG, status="*").status_int
        for one in pair
        for _ in range(8)
    ]
    statuses: list[int] = []

    verified = hasher.count(lambda: statuses.extend(at_once(*guesses)))

    assert sorted(statuses) == [401] * 10 + [429] * 6
    assert verified == 10


def test_what_is_paid_up_is_swept_away(identity: Replica, engine: Engine, clock: Clock):
    for number in range(4):
        identity.sign_in(f"eve{number}@bazaar.example", WRONG, status=401)
    assert count(engine, ThrottleBucket) == 5

    clock.forward(minutes=5)
    identity.sign_in("mallory@bazaar.example", WRONG, status=401)

    assert count(engine, ThrottleBucket) == 2


def test_a_hash_of_yesterday_is_renewed(identity: Replica, engine: Engine):
    from argon2 import PasswordHasher

    identity.sign_up("ada@bazaar.example")
    with Session(engine) as db, db.begin():
        db.scalars(select(Account)).one().password_hash = PasswordHasher(1, 8192, 1).hash(PASSWORD)

    identity.sign_in("ada@bazaar.example")

    with Session(engine) as db:
        assert "m=19456,t=2,p=1" in db.scalars(select(Account.password_hash)).one()


def test_expired_sessions_go_when_their_owner_comes_back(identity: Replica, engine: Engine, clock: Clock):
    ada = identity.person("ada@bazaar.example")
    clock.forward(days=30)
    identity.me(ada, status=401)

    identity.sign_in("ada@bazaar.example")

    assert count(engine, AccountSession) == 1


@pytest.mark.parametrize("field", ["email", "password"])
def test_both_are_needed(identity: Replica, field: str):
    body = {"email": "ada@bazaar.example", "password": PASSWORD}
    del body[field]

    answer = identity.http.post_json("/api/identity/sessions", body, status=422)

    assert [error["field"] for error in problem(answer)["errors"]] == [field]

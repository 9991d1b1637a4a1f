from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from identity.keyring import Keyring
from identity.sessions.family import Verdict, judge, parse, token_of
from identity.sessions.models import AccountSession, Ended

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GRACE = timedelta(seconds=30)
KEYRING = Keyring("a key encryption key for tests only")


def family() -> AccountSession:
    return AccountSession(id=uuid4(), secret=b"s" * 32, generation=3, rotated_at=NOW)


def token_at(session: AccountSession, generation: int) -> str:
    current, session.generation = session.generation, generation
    token = token_of(session, KEYRING)
    session.generation = current
    return token


@pytest.mark.parametrize(
    ("generation", "seconds", "verdict"),
    [
        (3, 0, Verdict.CURRENT),
        (3, 86_400, Verdict.CURRENT),
        (2, 0, Verdict.REPEATED),
        (2, 29.999, Verdict.REPEATED),
        (2, 30, Verdict.REUSED),
        (1, 0, Verdict.REUSED),
        (4, 0, Verdict.UNKNOWN),
    ],
)
def test_what_a_genuine_token_is(generation: int, seconds: float, verdict: Verdict):
    session = family()
    presented = parse(token_at(session, generation))

    assert presented is not None
    assert judge(presented, session, KEYRING, NOW + timedelta(seconds=seconds), GRACE) is verdict


def test_one_generation_has_one_token_for_ever():
    session = family()

    assert token_of(session, KEYRING) == token_of(session, KEYRING)
    assert len({token_at(session, generation) for generation in range(1, 50)}) == 49


def test_neither_the_database_nor_the_key_alone_makes_a_token():
    session, thief = family(), family()
    thief.id, thief.secret = session.id, b"?" * 32
    of_the_key = parse(token_of(thief, KEYRING))
    of_the_database = parse(token_of(session, Keyring("some other key encryption key, guessed")))

    assert of_the_key is not None
    assert of_the_database is not None
    assert judge(of_the_key, session, KEYRING, NOW, GRACE) is Verdict.UNKNOWN
    assert judge(of_the_database, session, KEYRING, NOW, GRACE) is Verdict.UNKNOWN


def test_the_first_reason_of_an_end_stands():
    session = family()
    session.end(Ended.SIGNED_OUT, NOW)
    session.end(Ended.TOKEN_REUSED, NOW + GRACE)

    assert (session.ended_at, session.ended_because) == (NOW, Ended.SIGNED_OUT)

import itertools

import jwt
import pytest

from bazaar_shared.migrations import LOCK_SQL, MIGRATION_LOCK, UNLOCK_SQL
from bazaar_shared.testing import TokenForge, aeventually, eventually


def test_eventually_gives_the_first_truthy_value() -> None:
    values = itertools.chain([0, "", None], itertools.repeat("there"))
    assert eventually(lambda: next(values), every=0.001) == "there"


def test_eventually_takes_an_assertion_for_not_yet() -> None:
    attempts = itertools.count()

    def check() -> bool:
        assert next(attempts) >= 3, "too early"
        return True

    assert eventually(check, every=0.001) is True


def test_what_never_comes_is_told_with_the_last_reason() -> None:
    def check() -> bool:
        assert 1 == 2, "one is not two"
        return True

    with pytest.raises(AssertionError, match="one is not two"):
        eventually(check, within=0.01, every=0.001)
    with pytest.raises(AssertionError, match=r"still \[\] after 0.01 s"):
        eventually(list, within=0.01, every=0.001)


def test_another_error_is_no_not_yet() -> None:
    with pytest.raises(ZeroDivisionError):
        eventually(lambda: 1 / 0)


async def test_the_same_for_coroutines_and_functions() -> None:
    attempts = itertools.count()

    async def check() -> str:
        assert next(attempts) >= 3
        return "there"

    assert await aeventually(check, every=0.001) == "there"
    assert await aeventually(lambda: next(attempts) > 6, every=0.001) is True
    with pytest.raises(AssertionError, match="still 0 after"):
        await aeventually(lambda: 0, within=0.01, every=0.001)


def test_a_forged_token_is_what_it_says() -> None:
    forge = TokenForge()
    key = jwt.PyJWKSet.from_dict(forge.jwks())[forge.kid]
    claims = jwt.decode(
        forge.token("alice", ("seller",), sid=None),
        key,
        algorithms=["EdDSA"],
        audience="bazaar",
        issuer=forge.issuer,
    )
    assert (claims["sub"], claims["roles"]) == ("alice", ["seller"])
    assert "sid" not in claims
    assert "d" not in forge.jwks()["keys"][0]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("expired", jwt.ExpiredSignatureError),
        ("other_audience", jwt.InvalidAudienceError),
        ("other_issuer", jwt.InvalidIssuerError),
        ("foreign_key", jwt.InvalidSignatureError),
        ("alg_none", jwt.InvalidAlgorithmError),
        ("hs256_with_public_key", jwt.InvalidAlgorithmError),
        ("no_token_at_all", jwt.DecodeError),
    ],
)
def test_a_bad_token_is_bad_in_its_own_way_only(kind: str, error: type[Exception]) -> None:
    forge = TokenForge()
    key = jwt.PyJWKSet.from_dict(forge.jwks())[forge.kid]
    with pytest.raises(error):
        jwt.decode(
            forge.bad_tokens()[kind], key, algorithms=["EdDSA"], audience=forge.audience, issuer=forge.issuer
        )


def test_the_migrations_lock_is_taken_and_given_back_under_one_number() -> None:
    assert MIGRATION_LOCK == 0x6D696772617465
    assert f"pg_advisory_lock({MIGRATION_LOCK})" in LOCK_SQL
    assert f"pg_advisory_unlock({MIGRATION_LOCK})" in UNLOCK_SQL

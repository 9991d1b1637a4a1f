from types import SimpleNamespace

import pytest
from identity.accounts.passwords import AT_ONCE, Argon2Hasher, check_new_password
from identity.errors import FieldRefused, Overloaded


@pytest.fixture(scope="module")
def hasher() -> Argon2Hasher:
    return Argon2Hasher()


@pytest.mark.parametrize("password", ["twelve chars", "x" * 128, "пароль длинный", "            "])
def test_length_is_all_that_is_asked(password: str):
    check_new_password(password, "ada@bazaar.example")


@pytest.mark.parametrize(
    ("password", "code"),
    [("eleven char", "length"), ("x" * 129, "length"), ("ADA.okafor@bazaar.example", "same_as_email")],
)
def test_what_is_no_password(password: str, code: str):
    with pytest.raises(FieldRefused) as refusal:
        check_new_password(password, "ada.okafor@bazaar.example")

    assert (refusal.value.field, refusal.value.code) == ("password", code)
    assert password not in str(refusal.value)


def test_only_the_same_password_is_right(hasher: Argon2Hasher):
    known = hasher.hash("correct horse battery staple")

    assert hasher.verify(known, "correct horse battery staple")
    assert not hasher.verify(known, "correct horse battery stapl")
    assert not hasher.verify("not a hash", "correct horse battery staple")
    assert hasher.hash("correct horse battery staple") != known
    assert not hasher.is_outdated(known)


def test_nobodys_password_is_verified_and_never_right(hasher: Argon2Hasher, monkeypatch: pytest.MonkeyPatch):
    verified = []
    argon2 = SimpleNamespace(verify=lambda known, _: verified.append(known))
    monkeypatch.setattr(hasher, "_argon2", argon2)

    assert hasher.verify(None, "anything") is False
    assert hasher.verify("$known", "anything") is True
    assert verified == [hasher._nobodys, "$known"]


def test_a_crowd_does_not_use_up_the_memory(hasher: Argon2Hasher, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("identity.accounts.passwords.PATIENCE", 0.01)
    for _ in range(AT_ONCE):
        assert hasher._places.acquire(blocking=False)

    with pytest.raises(Overloaded):
        hasher.hash("correct horse battery staple")

    hasher._places.release(AT_ONCE)

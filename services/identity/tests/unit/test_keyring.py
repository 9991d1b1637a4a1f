import pytest
from identity.keyring import Keyring

SECRET = "a key encryption key for tests only"


def test_what_is_sealed_comes_back_and_does_not_show():
    keyring = Keyring(SECRET)
    sealed = keyring.seal(b"a private key")

    assert keyring.unseal(sealed) == b"a private key"
    assert Keyring(SECRET).unseal(sealed) == b"a private key"
    assert b"a private key" not in sealed


def test_each_purpose_has_a_key_of_its_own():
    keyring = Keyring(SECRET)

    assert keyring.pseudonym("x") != keyring.refresh_mac(b"x")
    assert keyring.pseudonym("x") == Keyring(SECRET).pseudonym("x")
    assert keyring.pseudonym("x") != Keyring(SECRET + "!").pseudonym("x")


def test_a_short_secret_is_refused_without_showing_it():
    with pytest.raises(ValueError, match="at least 32") as error:
        Keyring("too short")

    assert "too short" not in str(error.value)

"""One frozen object; all that is missing said at once; secrets out of sight."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from reviews.settings import load

from bazaar_shared.settings import InvalidSetting, MissingSetting

REQUIRED = ("DATABASE_URL", "SECRET_KEY_FILE", "KAFKA_BOOTSTRAP_SERVERS", "JWKS_URL")


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in (
        "DATABASE_PASSWORD_FILE",
        "HTTP_PORT",
        "COOKIE_SECURE",
        "LOG_LEVEL",
        "DEMO_DIR",
        "PROCESS_NAME",
    ):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "key").write_text("the key that signs\n")
    monkeypatch.setenv("DATABASE_URL", "postgresql://reviews@db:5432/reviews")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("JWKS_URL", "http://identity/jwks")
    return monkeypatch


def test_what_is_not_said_has_a_default(env: pytest.MonkeyPatch):
    settings = load("reviews-relay")

    assert (settings.http_host, settings.http_port, settings.management_port) == ("127.0.0.1", 8150, 9150)
    assert (settings.process_name, settings.cookie_secure, settings.demo_dir) == (
        "reviews-relay",
        False,
        None,
    )
    assert settings.secret_key == "the key that signs"


def test_everything_that_is_missing_is_named_at_once(env: pytest.MonkeyPatch):
    for name in REQUIRED[:3]:
        env.delenv(name)
    env.setenv("JWKS_URL", "")  # as Compose passes on what is not set

    with pytest.raises(MissingSetting) as refusal:
        load()

    assert refusal.value.names == REQUIRED


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTP_PORT", "http"), ("COOKIE_SECURE", "perhaps"), ("LOG_LEVEL", "LOUD"), ("MIGRATE_ON_START", "2")],
)
def test_a_value_that_makes_no_sense_is_named(env: pytest.MonkeyPatch, name: str, value: str):
    env.setenv(name, value)

    with pytest.raises(InvalidSetting, match=name):
        load()


def test_a_secret_file_that_is_not_there_is_named(env: pytest.MonkeyPatch):
    env.setenv("SECRET_KEY_FILE", "/nowhere/key")

    with pytest.raises(InvalidSetting, match="/nowhere/key"):
        load()


def test_the_password_comes_from_a_file_and_shows_nowhere(env: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "password").write_text("s3cret/@\n")
    env.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "password"))

    settings = load()

    assert settings.database_url == "postgresql://reviews:s3cret%2F%40@db:5432/reviews"
    assert "s3cret" not in repr(settings)
    assert "the key that signs" not in repr(settings)


def test_no_file_beside_the_code_is_read(env: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / ".env").write_text("HTTP_PORT=1")
    (tmp_path / "settings.ini").write_text("[settings]\nHTTP_PORT=2")
    env.chdir(tmp_path)

    assert load().http_port == 8150


def test_settings_stay_as_they_are(env: pytest.MonkeyPatch):
    settings = load()

    with pytest.raises(FrozenInstanceError):
        settings.http_port = 1  # type: ignore[misc]


def test_words_for_yes_are_decouples(env: pytest.MonkeyPatch):
    env.setenv("COOKIE_SECURE", "on")

    assert load().cookie_secure is True

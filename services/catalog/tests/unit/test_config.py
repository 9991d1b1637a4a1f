from pathlib import Path

import pytest

from bazaar_shared.settings import InvalidSetting, MissingSetting
from catalog.config import Config


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "key").write_text("s3cret-key")
    (tmp_path / "password").write_text("p@ss/word\n")
    return {
        "DATABASE_URL": "postgresql://catalog@db.example:5433/catalog",
        "DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "DJANGO_SECRET_KEY_FILE": str(tmp_path / "key"),
        "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
        "JWKS_URL": "http://identity:8101/.well-known/jwks.json",
    }


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(MissingSetting) as error:
        Config.from_environment({})
    assert error.value.names == (
        "DATABASE_URL",
        "DJANGO_SECRET_KEY_FILE",
        "KAFKA_BOOTSTRAP_SERVERS",
        "JWKS_URL",
    )


def test_a_port_that_is_no_number_is_named(env: dict[str, str]) -> None:
    with pytest.raises(InvalidSetting, match="HTTP_PORT"):
        Config.from_environment(env | {"HTTP_PORT": "http"})


def test_the_database_in_djangos_words(env: dict[str, str]) -> None:
    database = Config.from_environment(env).database
    assert {name: database[name] for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD")} == {
        "HOST": "db.example",
        "PORT": "5433",
        "NAME": "catalog",
        "USER": "catalog",
        "PASSWORD": "p@ss/word",
    }


def test_secrets_do_not_show(env: dict[str, str]) -> None:
    told = repr(Config.from_environment(env))
    assert "s3cret-key" not in told
    assert "word" not in told

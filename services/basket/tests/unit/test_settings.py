"""What is missing is said at once, and no secret is ever shown."""

from pathlib import Path

import pytest
from basket.database import tortoise_config
from basket.settings import load

from bazaar_shared.settings import SettingsError

GOOD = {
    "database_url": "postgresql://basket@db/basket",
    "kafka_bootstrap_servers": "k:1",
    "jwks_url": "http://i/jwks",
}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "JWKS_URL"):
        monkeypatch.delenv(name, raising=False)


def test_all_that_is_missing() -> None:
    with pytest.raises(SettingsError) as raised:
        load()
    text = str(raised.value)
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "JWKS_URL"):
        assert f"{name} is missing" in text


@pytest.mark.parametrize(
    ("name", "value"), [("http_port", "70000"), ("market_currency", "euro"), ("basket_guest_days", "0")]
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name.upper()):
        load(**GOOD, **{name: value})


def test_the_password_comes_from_a_file_and_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss:w/rd\n")
    settings = load(**GOOD, database_password_file=tmp_path / "password")
    assert "p%40ss" not in repr(settings.dsn)
    credentials = tortoise_config(settings)["connections"]["default"]["credentials"]
    assert (credentials["password"], credentials["user"], credentials["host"]) == (
        "p@ss:w/rd",
        "basket",
        "db",
    )

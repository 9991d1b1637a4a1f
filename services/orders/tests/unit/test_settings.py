from pathlib import Path

import pytest
from orders.settings import load

from bazaar_shared.settings import SettingsError

NEEDED = {
    "DATABASE_URL": "postgresql://orders@db:5432/orders",
    "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
    "AMQP_URL": "amqp://orders@rabbitmq:5672/bazaar",
    "JWKS_URL": "http://identity:8101/.well-known/jwks.json",
    "BASKET_URL": "http://basket:8140",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def test_all_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "AMQP_URL", "BASKET_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HTTP_PORT", "many")
    with pytest.raises(SettingsError) as refused:
        load()
    for name in ("DATABASE_URL", "AMQP_URL", "BASKET_URL"):
        assert f"{name} is missing" in str(refused.value)
    assert "HTTP_PORT: " in str(refused.value)


def test_passwords_come_from_files_and_never_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "database_password"
    file.write_text("s3cret/@\n")
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(file))
    settings = load()
    assert settings.dsn == "postgresql://orders:s3cret%2F%40@db:5432/orders"
    assert settings.sqlalchemy_url == "postgresql+asyncpg://orders:s3cret%2F%40@db:5432/orders"
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in repr(settings.dsn)


def test_background_is_a_list_of_known_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKGROUND", "relay, saga")
    assert load().background == {"relay", "saga"}
    monkeypatch.setenv("BACKGROUND", "relay,lottery")
    with pytest.raises(SettingsError, match="BACKGROUND"):
        load()


def test_a_lease_must_outlast_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGA_STEP_TIMEOUT", "15")
    with pytest.raises(SettingsError, match="SAGA_LEASE"):
        load()


@pytest.mark.parametrize("url", ["basket:8140", "http://basket:8140/api/basket", "amqp://basket"])
def test_the_address_of_basket_has_a_scheme_and_no_path(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASKET_URL", url)
    with pytest.raises(SettingsError, match="BASKET_URL"):
        load()

from dataclasses import dataclass
from pathlib import Path

import pytest

from bazaar_shared import settings
from bazaar_shared.settings import InvalidSetting, MissingSetting, Redacted


def test_one_required_setting_is_given_as_text() -> None:
    assert settings.require({"A": "1"}, "A") == "1"


def test_several_are_given_in_their_order() -> None:
    assert settings.require({"A": "1", "B": "2"}, "B", "A") == ("2", "1")


def test_all_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(MissingSetting) as missing:
        settings.require({"B": "2", "C": ""}, "A", "B", "C")
    assert missing.value.names == ("A", "C")
    assert str(missing.value) == "missing settings: A, C"


def test_a_number() -> None:
    assert settings.integer({"P": "8101"}, "P") == 8101
    assert settings.integer({}, "P", 9) == 9
    with pytest.raises(MissingSetting):
        settings.integer({}, "P")
    with pytest.raises(InvalidSetting, match=r"^P: a whole number is required, not 'many'$"):
        settings.integer({"P": "many"}, "P")


def test_a_flag() -> None:
    assert settings.flag({"M": "False"}, "M", default=True) is False
    assert settings.flag({"M": "1"}, "M", default=False) is True
    assert settings.flag({}, "M", default=True) is True
    with pytest.raises(InvalidSetting, match=r"^M: true or false is required, not 'perhaps'$"):
        settings.flag({"M": "perhaps"}, "M", default=True)


def test_a_secret_loses_its_line_end_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(" p@ss word \n")
    assert settings.read_secret(file) == " p@ss word "
    assert settings.secret({"SIGNING_FILE": str(file)}, "SIGNING") == " p@ss word "


def test_a_secret_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    with pytest.raises(InvalidSetting, match="empty: the file is empty"):
        settings.read_secret(empty)
    with pytest.raises(InvalidSetting, match="gone: cannot be read"):
        settings.read_secret(tmp_path / "gone")
    with pytest.raises(MissingSetting, match="SIGNING_FILE"):
        settings.secret({}, "SIGNING")


def test_a_database_url_gets_its_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/w:rd\n")
    env = {"DATABASE_URL": "postgresql://orders@db:5432/orders", "DATABASE_PASSWORD_FILE": str(file)}
    assert settings.database_url(env) == "postgresql://orders:p%40ss%2Fw%3Ard@db:5432/orders"


def test_a_prefix_chooses_the_database() -> None:
    env = {
        "INVENTORY_DATABASE_URL": "postgresql://i@db/inventory",
        "DATABASE_URL": "postgresql://o@db/orders",
    }
    assert settings.database_url(env, "INVENTORY_") == "postgresql://i@db/inventory"
    with pytest.raises(MissingSetting, match="PAYMENTS_DATABASE_URL"):
        settings.database_url(env, "PAYMENTS_")


def test_an_amqp_url_keeps_its_vhost(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret")
    env = {"AMQP_URL": "amqp://orders@rabbitmq:5672/%2F", "AMQP_PASSWORD_FILE": str(file)}
    assert settings.amqp_url(env) == "amqp://orders:secret@rabbitmq:5672/%2F"


def test_a_password_needs_a_user() -> None:
    with pytest.raises(InvalidSetting, match="names no user"):
        settings.with_password("postgresql://db/orders", "secret")


def test_a_password_can_be_taken_off_for_the_log() -> None:
    assert settings.without_password("amqp://orders:secret@mq:5672/bazaar") == "amqp://orders@mq:5672/bazaar"
    assert settings.without_password("http://127.0.0.1:8101/x") == "http://127.0.0.1:8101/x"


def test_secrets_do_not_show_in_the_repr_of_a_settings_object() -> None:
    @dataclass(frozen=True)
    class Settings:
        database_url: str
        key: Redacted

    shown = repr(Settings(settings.with_password("postgresql://o@db/o", "hunter2"), Redacted("hunter2")))
    assert "hunter2" not in shown
    assert shown.endswith("Settings(database_url='***', key='***')")


def test_a_redacted_text_is_still_the_text() -> None:
    assert f"{Redacted('hunter2')}" == "hunter2"

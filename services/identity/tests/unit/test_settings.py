from pathlib import Path

import pytest
from identity.settings import Settings

from bazaar_shared.settings import MissingSetting


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "key").write_text("a key encryption key for tests only\n")
    (tmp_path / "password").write_text("p@ss/word\n")
    return {
        "DATABASE_URL": "postgresql://identity@postgres:5432/identity",
        "DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "KEY_ENCRYPTION_KEY_FILE": str(tmp_path / "key"),
    }


def test_what_is_not_said_has_a_safe_default(env: dict[str, str]):
    settings = Settings.from_environment(env)

    assert settings.database_url == "postgresql://identity:p%40ss%2Fword@postgres:5432/identity"
    assert settings.key_encryption_key == "a key encryption key for tests only"
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8101)
    assert (settings.management_host, settings.management_port) == ("127.0.0.1", 9101)
    assert settings.trusted_proxy is None
    assert settings.migrate_on_start is True
    assert settings.process_name == "serve"


def test_secrets_do_not_show(env: dict[str, str]):
    shown = repr(Settings.from_environment(env))

    assert "p%40ss" not in shown
    assert "key for tests" not in shown


def test_everything_that_is_missing_is_named_at_once():
    with pytest.raises(MissingSetting) as missing:
        Settings.from_environment({})

    assert missing.value.names == ("DATABASE_URL", "KEY_ENCRYPTION_KEY_FILE")


def test_the_process_is_named_after_its_command(env: dict[str, str]):
    assert Settings.from_environment(env, command="seed").process_name == "seed"
    assert (
        Settings.from_environment(env | {"PROCESS_NAME": "identity"}, command="seed").process_name
        == "identity"
    )

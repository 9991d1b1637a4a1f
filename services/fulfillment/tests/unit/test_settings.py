from pathlib import Path

import pytest
from fulfillment.settings import load

from bazaar_shared.settings import InvalidSetting, MissingSetting

ENV = {
    "INVENTORY_DATABASE_URL": "postgresql://inventory@db/inventory",
    "AMQP_URL": "amqp://fulfillment@rabbit/bazaar",
}


def test_all_that_is_missing_is_named() -> None:
    with pytest.raises(MissingSetting) as missing:
        load({}, "payments", databases=["payments"], needs=["AMQP_URL", "PROCESSOR_URL"])
    assert missing.value.names == ("PAYMENTS_DATABASE_URL", "AMQP_URL", "PROCESSOR_URL")


def test_passwords_come_from_files_and_never_show(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret!\n")
    env = {
        **ENV,
        "INVENTORY_DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "AMQP_PASSWORD_FILE": str(tmp_path / "password"),
    }
    settings = load(env, "inventory", databases=["inventory"], needs=["AMQP_URL"])
    assert settings.databases["inventory"] == "postgresql://inventory:s3cret%21@db/inventory"
    assert settings.amqp_url == "amqp://fulfillment:s3cret%21@rabbit/bazaar"
    assert "s3cret" not in repr(settings)


def test_each_process_has_its_port_and_its_workers() -> None:
    inventory = load(ENV, "inventory", databases=["inventory"])
    assert (inventory.management_port, inventory.max_workers, inventory.http_host) == (9104, 10, "127.0.0.1")
    assert load({}, "processor").max_workers == 100
    assert load({}, "relay").management_port == 9108


def test_a_number_that_is_none_is_named() -> None:
    with pytest.raises(InvalidSetting, match="PROCESSOR_TIMEOUT_SECONDS"):
        load({"PROCESSOR_TIMEOUT_SECONDS": "soon"}, "payments")

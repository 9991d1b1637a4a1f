from __future__ import annotations

import os
from pathlib import Path

import pytest

from native import compose, translate
from native.paths import DATA, ROOT, SECRETS, STATE

MARKET = compose.load({})
HERE = translate.Translator(MARKET)


def environment(name: str) -> dict[str, str]:
    return HERE.environment(MARKET.processes[name], {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://orders@postgres:5432/orders", "postgresql://orders@127.0.0.1:15432/orders"),
        ("amqp://orders@rabbitmq:5672/bazaar", "amqp://orders@127.0.0.1:16672/bazaar"),
        ("kafka:9092", "127.0.0.1:19092"),
        ("kafka:9092,kafka:9092", "127.0.0.1:19092,127.0.0.1:19092"),
        ("http://identity:8101/.well-known/jwks.json", "http://127.0.0.1:8101/.well-known/jwks.json"),
        ("orders:8103", "127.0.0.1:8103"),
        ("0.0.0.0", "127.0.0.1"),
        # no address of ours
        ("https://identity.bazaar.example", "https://identity.bazaar.example"),
        ("http://my-postgres:5432/", "http://my-postgres:5432/"),
        ("http://postgres.example:5432/", "http://postgres.example:5432/"),
        ("orders-saga", "orders-saga"),
    ],
)
def test_addresses_of_the_network_become_addresses_here(text: str, expected: str) -> None:
    assert HERE.value(MARKET.processes["orders"], text) == expected


def test_paths_in_volumes_become_paths_here() -> None:
    orders, seed = MARKET.processes["orders"], MARKET.processes["catalog-seed"]
    assert HERE.value(orders, "/run/secrets/orders/amqp_password") == str(SECRETS / "orders/amqp_password")
    assert HERE.value(seed, "/demo") == str(ROOT / "demo")
    assert HERE.value(orders, "/run/secretsomething") == "/run/secretsomething"
    assert environment("kafka")["KAFKA_LOG_DIRS"] == str(DATA / "kafka")


def test_a_process_gets_its_own_settings_and_nothing_of_this_shell() -> None:
    machine = {"PATH": "/bin", "SECRET_OF_THIS_SHELL": "x", "DATABASE_URL": "postgresql://elsewhere/"}
    settings = HERE.environment(MARKET.processes["orders-relay"], machine)
    assert settings["PATH"] == "/bin"
    assert "SECRET_OF_THIS_SHELL" not in settings
    assert settings["DATABASE_URL"] == "postgresql://orders@127.0.0.1:15432/orders"
    assert settings["MANAGEMENT_HOST"] == "127.0.0.1"
    assert settings["BAZAAR_STATE"] == str(STATE)


def test_no_process_listens_or_calls_beyond_this_machine() -> None:
    for process in MARKET.running:
        for name, value in HERE.environment(process, {}).items():
            assert "0.0.0.0" not in value, (process.name, name)
            for other in MARKET.processes:
                assert f"@{other}:" not in value, (process.name, name)
                assert f"//{other}:" not in value, (process.name, name)


def test_a_service_runs_in_its_own_environment() -> None:
    payments = MARKET.processes["payments"]
    project = ROOT / "services/fulfillment"
    assert HERE.command(payments) == [str(project / ".venv/bin/python"), "-m", "fulfillment", "payments"]
    assert HERE.directory(payments) == project


def test_a_servers_own_options_are_kept() -> None:
    command = HERE.command(MARKET.processes["postgres"])
    assert Path(command[0]).name == "postgres"
    assert command[command.index("-p") + 1] == "15432"
    assert "max_connections=300" in command


def test_another_user_is_only_taken_where_root_would_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    postgres, kafka = MARKET.processes["postgres"], MARKET.processes["kafka"]
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert (HERE.user(postgres), HERE.user(kafka)) == ("nobody", None)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert (HERE.user(postgres), HERE.user(kafka)) == (None, None)

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest
from clickstream.settings import Settings, load

from bazaar_shared.settings import SettingsError


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.__struct_fields__:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")


def test_names_without_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PORT", "8191")
    monkeypatch.setenv("ACK_SECONDS", "2")
    # a number to TOML, but a name
    monkeypatch.setenv("PROCESS_NAME", "7")
    settings = load()
    assert (settings.http_port, settings.ack_seconds, settings.process_name) == (8191, 2.0, "7")
    assert (settings.kafka_bootstrap_servers, settings.clicks_topic) == ("kafka:9092", "clicks")


def test_all_that_is_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS")
    wrong = {
        "HTTP_PORT": "many",
        "LINGER_MS": "1000",
        "RATE_BURST": "99",
        "ACK_SECONDS": "0",
        "MAX_IN_FLIGHT": "true",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert "KAFKA_BOOTSTRAP_SERVERS is missing" in str(refused.value)
    for name in wrong:
        assert f"{name}: " in str(refused.value)


def test_an_empty_value_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "")
    monkeypatch.setenv("CLICKS_TOPIC", "")
    with pytest.raises(SettingsError, match=r"KAFKA_BOOTSTRAP_SERVERS is missing.*CLICKS_TOPIC is missing"):
        load()


def test_the_rest_of_the_environment_stays_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """dynaconf would cast it, and some of it would fail."""
    monkeypatch.setenv("SOMEBODY_ELSES", "@int no number")
    assert load() == load()
    assert not hasattr(load(), "somebody_elses")


def test_they_are_frozen() -> None:
    with pytest.raises((AttributeError, FrozenInstanceError)):
        load().http_port = 1  # type: ignore[misc]


def test_the_process_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS")
    done = subprocess.run(
        [sys.executable, "-m", "clickstream", "serve"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "clickstream: KAFKA_BOOTSTRAP_SERVERS is missing\n"

from pathlib import Path

import pytest
from insights.settings import load

from bazaar_shared.settings import InvalidSetting, MissingSetting
from tests.unit.conftest import ENVIRONMENT

GOOD = {**ENVIRONMENT, "STATE_DIR": "/state"}


def test_defaults() -> None:
    settings = load({**GOOD, "KAFKA_BOOTSTRAP_SERVERS": "a:1,b:2"})
    assert settings.state_dir == Path("/state")
    assert [str(url) for url in settings.brokers] == ["kafka://a:1", "kafka://b:2"]
    assert settings.topology.sales == "insights-sales"
    assert (settings.http_port, settings.management_port, settings.session_seconds) == (8195, 9195, 20)


def test_all_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(MissingSetting, match="JWKS_URL, CATALOG_URL, STATE_DIR"):
        load({"KAFKA_BOOTSTRAP_SERVERS": "a:1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTP_PORT", "0"), ("HTTP_PORT", "x"), ("MARKET_CURRENCY", "euro"), ("SESSION_SECONDS", "5")],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=name):
        load({**GOOD, name: value})


def test_on_every_interface_the_others_are_told_the_hosts_name() -> None:
    assert load({**GOOD, "HTTP_HOST": "0.0.0.0"}).http_advertised_host not in ("0.0.0.0", "")
    assert load({**GOOD, "HTTP_HOST": "0.0.0.0", "HTTP_ADVERTISED_HOST": "x"}).http_advertised_host == "x"

"""Small rules that need no server."""

import ast
from datetime import UTC, datetime, timedelta

import pytest
from storefront import paths
from storefront.rendering import ago, when
from storefront.settings import load
from storefront.viewmodels.addresses import COUNTRIES, POSTAL_CODES
from storefront.viewmodels.money import money

from bazaar_shared.settings import MissingSetting
from tests.unit import REPOSITORY

ENVIRONMENT = {
    "IDENTITY_URL": "http://identity:8101/",
    "CATALOG_URL": "http://catalog:8102",
    "BASKET_URL": "http://basket:8140",
    "ORDERS_URL": "http://orders:8103",
    "REVIEWS_URL": "http://reviews:8150",
    "CHAT_URL": "http://chat:8170",
    "INSIGHTS_URL": "http://insights:8195",
}


def test_all_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(MissingSetting) as missing:
        load({"CATALOG_URL": "http://catalog"})

    assert missing.value.names == (
        "IDENTITY_URL",
        "BASKET_URL",
        "ORDERS_URL",
        "REVIEWS_URL",
        "CHAT_URL",
        "INSIGHTS_URL",
        "COOKIE_KEY_FILE",
    )


def test_settings_hide_the_key(tmp_path: object) -> None:
    file = tmp_path / "key"  # type: ignore[operator]
    file.write_text("very secret\n")

    settings = load(ENVIRONMENT | {"COOKIE_KEY_FILE": str(file), "COOKIE_SECURE": "true"})

    assert settings.urls["identity"] == "http://identity:8101"
    assert settings.cookie_secure is True
    assert str(settings.cookie_key) == "very secret"
    assert "very secret" not in repr(settings)


def test_postal_codes_are_those_of_fulfillment() -> None:
    """A copy, because services never import each other; this is what keeps it one."""
    file = REPOSITORY / "services/fulfillment/src/fulfillment/shipping/addresses.py"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    (rules,) = [node.value for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and _named(node)]
    assert isinstance(rules, ast.Dict)
    theirs = {
        ast.literal_eval(key): ast.literal_eval(value.args[0])
        for key, value in zip(rules.keys, rules.values, strict=True)
        if key is not None and isinstance(value, ast.Call)
    }

    assert theirs == POSTAL_CODES
    assert {code for code, _ in COUNTRIES} == set(POSTAL_CODES)


def _named(node: ast.AnnAssign) -> bool:
    return isinstance(node.target, ast.Name) and node.target.id == "POSTAL_CODES"


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (1280, "EUR", "€12.80"),
        (5, "EUR", "€0.05"),
        (123456789, "USD", "$1,234,567.89"),
        (-250, "CHF", "−2.50 CHF"),
    ],
)
def test_money(minor: int, currency: str, words: str) -> None:
    assert money(minor, currency) == words


def test_times() -> None:
    moment = datetime(2026, 11, 21, 6, 2, tzinfo=UTC).astimezone()
    now = datetime.now(UTC)

    assert when(moment) == "21 Nov 2026, 06:02"
    assert [ago(now - timedelta(seconds=seconds)) for seconds in (5, 61, 7200, 86400 * 40)] == [
        "just now", "1 minute ago", "2 hours ago", "1 month ago",
    ]  # fmt: skip


@pytest.mark.parametrize("target", ["/orders?page=2#last", "/", "/moderation/"])
def test_paths_of_ours_may_be_followed(target: str) -> None:
    assert paths.local(target) == target


def test_every_path_that_is_linked_has_a_page(app: object) -> None:
    adapter = app.url_map.bind("localhost")  # type: ignore[attr-defined]
    an_id = "11111111-1111-4111-8111-111111111111"

    for path in (
        paths.product(an_id),
        paths.order(an_id),
        paths.stall("a"),
        paths.category("a"),
        paths.source("a/b"),
        paths.conversation(an_id),
        paths.dashboard("a"),
    ):
        assert adapter.match(path, method="GET")

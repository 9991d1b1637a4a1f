import pytest
from insights.rules import InvalidRule, Seen, alert_id, findings, parse, rules


def found(seen: Seen) -> dict[str, str]:
    return {finding.rule: finding.severity for finding in findings(rules(), seen)}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen(499_999, 39, (0.0,)), {}),
        (Seen(500_000, 1, (0.0,)), {"very_large_total": "warning"}),
        (Seen(2_000_000, 1, (0.0,)), {"very_large_total": "critical"}),
        (Seen(1, 40, (0.0,)), {"many_of_one_product": "warning"}),
        (Seen(1, 90, (0.0,)), {"many_of_one_product": "critical"}),
        (Seen(1, 1, (0.0, 100.0, 200.0, 300.0)), {}),
        (Seen(1, 1, (0.0, 100.0, 200.0, 300.0, 599.0)), {"many_orders_of_one_shopper": "info"}),
        (Seen(1, 1, (0.0, 100.0, 200.0, 300.0, 600.0)), {}),
        (Seen(1, 1, tuple(map(float, range(15)))), {"many_orders_of_one_shopper": "critical"}),
    ],
)
def test_what_the_rules_say(seen: Seen, expected: dict[str, str]) -> None:
    assert found(seen) == expected


def test_an_alerts_id_follows_from_the_order_and_the_rule() -> None:
    assert alert_id("a", "r") == alert_id("a", "r")
    assert len({alert_id("a", "r"), alert_id("a", "s"), alert_id("b", "r")}) == 3


@pytest.mark.parametrize(
    "text",
    [
        '[r]\nkind = "mood"\nfrom = 1\ncritical_from = 2\nseverity = "info"',
        '[r]\nkind = "total"\nfrom = 1\ncritical_from = 2\nseverity = "loud"',
        '[r]\nkind = "total"\nfrom = 0\ncritical_from = 2\nseverity = "info"',
        '[r]\nkind = "total"\nfrom = 3\ncritical_from = 2\nseverity = "info"',
        '[r]\nkind = "frequency"\nfrom = 1\ncritical_from = 2\nseverity = "info"',
        '[r]\nkind = "total"\nfrom = 1\ncritical_from = 2\nminutes = 5\nseverity = "info"',
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(InvalidRule, match="r: "):
        parse(text)

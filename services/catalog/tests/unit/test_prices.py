from decimal import Decimal

import pytest

from catalog.products.querysets import repriced


@pytest.mark.parametrize(
    ("price", "percent", "then"),
    [
        (1000, "10", 1100),
        (1333, "10", 1466),  # 1466.3
        (1335, "10", 1469),  # 1468.5, half up
        (1350, "-50", 675),
        (1, "-90", 1),  # never below one minor unit
        (199, "2.5", 204),  # 203.975
        (100_000_000, "0.1", 100_100_000),
    ],
)
def test_percentages_are_exact_and_rounded_half_up(price: int, percent: str, then: int) -> None:
    assert repriced(price, Decimal(percent)) == then

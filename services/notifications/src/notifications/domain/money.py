"""Money is a whole number of minor units; nothing here is ever a float."""

from collections.abc import Iterable


def shown(minor: int, currency: str) -> str:
    """1290, EUR → 12.90 EUR; with a space that does not break."""
    sign = "−" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02d}\N{NO-BREAK SPACE}{currency}"


def included_tax(gross_minor: int, rate_bp: int) -> int:
    """The tax inside a price that includes it, at a rate in basis points, half a unit rounded up: as orders
    counts it, line by line.
    """
    return (gross_minor * rate_bp * 2 + 10_000 + rate_bp) // (2 * (10_000 + rate_bp))


def tax_by_rate(lines: Iterable[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """(gross, rate) of each line → for each rate: gross and tax."""
    sums: dict[int, tuple[int, int]] = {}
    for gross, rate in lines:
        before = sums.get(rate, (0, 0))
        sums[rate] = (before[0] + gross, before[1] + included_tax(gross, rate))
    return dict(sorted(sums.items()))


def percent(rate_bp: int) -> str:
    """1900 → 19 %; 550 → 5.5 %."""
    whole, rest = divmod(rate_bp, 100)
    fraction = f".{rest:02d}".rstrip("0") if rest else ""
    return f"{whole}{fraction}\N{NO-BREAK SPACE}%"

"""Money is a whole number of minor units; nothing here is ever a float."""


def included_tax(gross_minor: int, rate_bp: int) -> int:
    """The tax inside a price that includes it, at a rate in basis points, half a unit rounded up.

    `checkout/place_order.sql` does the same in SQL; a test holds the two together.
    """
    return (gross_minor * rate_bp * 2 + 10_000 + rate_bp) // (2 * (10_000 + rate_bp))

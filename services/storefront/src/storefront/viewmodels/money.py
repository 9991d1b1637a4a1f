"""Minor units in words."""

_SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}


def money(minor: int, currency: str) -> str:
    """1280 → €12.80"""
    sign = "−" if minor < 0 else ""
    whole, cents = divmod(abs(minor), 100)
    symbol = _SYMBOLS.get(currency)
    amount = f"{whole:,}.{cents:02}"
    return f"{sign}{symbol}{amount}" if symbol else f"{sign}{amount} {currency}"

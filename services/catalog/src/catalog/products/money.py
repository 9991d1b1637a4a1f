from django.conf import settings


def shown(minor: int) -> str:
    """An amount as people read it; only the back office shows amounts, the API speaks in minor units."""
    return f"{minor // 100}.{minor % 100:02d} {settings.MARKET_CURRENCY}"

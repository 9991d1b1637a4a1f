"""What stands after the question mark."""

from faust.web import Request

from bazaar_shared.pagination import decode
from insights.api.errors import invalid

CURSOR = {"at": str, "alert_id": str}


def whole(request: Request, name: str, default: int, most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    # isdigit alone takes digits of every script
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= value <= most:
        raise invalid(name, "out-of-range", f"a whole number from 1 to {most} is required")
    return value


def cursor(request: Request) -> dict[str, str] | None:
    text = request.query.get("cursor")
    return None if text is None else decode(text, CURSOR)

"""The one list shape of all APIs: `{"items": […], "next_cursor": "…" | null}`, asked for with
`?limit=&cursor=`.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
_MAX_LENGTH = 1024


class InvalidCursor(ValueError):
    pass


def encode(position: Mapping[str, Any]) -> str:
    """Opaque for clients, not secret: put nothing in that the client may not see."""
    text = json.dumps(position, separators=(",", ":"), sort_keys=True)
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, shape: Mapping[str, type] | None = None) -> dict[str, Any]:
    """The position; with `shape` also checked to have exactly these names and types, for clients make cursors
    up.
    """
    if not cursor or len(cursor) > _MAX_LENGTH:
        raise InvalidCursor("the cursor is empty or too long")
    try:
        position = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise InvalidCursor("the cursor cannot be read") from error
    if not isinstance(position, dict):
        raise InvalidCursor("the cursor is no position")
    if shape is not None and {name: type(value) for name, value in position.items()} != dict(shape):
        raise InvalidCursor("the cursor belongs to another list")
    return position


def page(items: Sequence[Any], next_cursor: str | None) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": next_cursor}

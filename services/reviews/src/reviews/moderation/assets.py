"""What the pages need besides their views: the style sheets' addresses, headers, how times look."""

import hashlib
import mimetypes
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, request, url_for

_STATIC = Path(__file__).parent / "static"
_YEAR = 365 * 24 * 3600

mimetypes.add_type("font/woff2", ".woff2")  # a slim image has no mime.types, and Python no woff2

# no script at all; whatever somebody writes into a review, nothing of it can run or be loaded
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


@cache
def fingerprint(name: str) -> str:
    return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """Another address for another content, so that a browser may keep what it has for a year."""
    return url_for("moderation.static", filename=name, v=fingerprint(name))


def helpers() -> dict[str, Callable[..., Any]]:
    return {"asset": asset}


def when(time: datetime) -> str:
    """21 Nov 2026, 05:02 UTC."""
    return f"{time.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def add_headers(response: Response) -> Response:
    """On every answer under /moderation, the error pages too."""
    if not request.path.startswith("/moderation"):
        return response
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "moderation.static" or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    elif request.args.get("v") == fingerprint((request.view_args or {})["filename"]):
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return response

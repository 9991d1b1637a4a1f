"""Conditional writes: a review's entity tag is its version, and If-Match says which one the caller saw."""

from flask import request

NO_VERSION = 0  # versions count from one: what is not a tag of ours matches none


def entity_tag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def expected_version() -> int | None:
    """None where the caller does not care."""
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return None
    text = header.strip('"')
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else NO_VERSION

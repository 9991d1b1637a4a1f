"""Conditional writes: a product's entity tag is its version, and If-Match says which one the caller saw."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description='The version that was read, as in the ETag: "3". Another by now is a 412.',
)
NO_VERSION = 0  # versions count from one: what is not a tag of ours matches none


def entity_tag(version: int) -> str:
    return f'"{version}"'


def expected_version(request: Request) -> int | None:
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return None
    text = header.strip('"')
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else NO_VERSION

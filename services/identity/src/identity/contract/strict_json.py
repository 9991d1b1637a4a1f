"""JSON as a contract means it, stricter than the standard library reads it."""

import json
from typing import Any

from openapi_core.deserializing.exceptions import DeserializeError


class MalformedJson(DeserializeError):
    """Of openapi-core's own kind: its wrapper for a ValueError repeats the body, if it is UTF-8."""


def strict_json(body: bytes, **_: Any) -> Any:
    """No NaN, no name twice, no half of a surrogate pair, no NUL: PostgreSQL stores none of them either."""
    try:
        value = json.loads(body, parse_constant=_refuse, object_pairs_hook=_without_duplicates)
        storable = _is_storable(value)
    except (ValueError, RecursionError) as error:
        raise MalformedJson("The body is not JSON.") from error
    if not storable:
        raise MalformedJson("There is a character in the body that is no text.")
    return value


def _is_storable(value: Any) -> bool:
    match value:
        case str():
            return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)
        case list():
            return all(map(_is_storable, value))
        case dict():
            return all(_is_storable(name) and _is_storable(member) for name, member in value.items())
        case _:
            return True


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member occurs twice")
    return members

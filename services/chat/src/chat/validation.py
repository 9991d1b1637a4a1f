"""msgspec's refusals in the words of the catalogue: each names its field."""

import re
from typing import Any

import msgspec

from bazaar_shared.problems import Problem
from chat.errors import InvalidField, Refusal

_WHERE = re.compile(r"^(?P<message>.*?)(?: - at `\$\.?(?P<field>[^`]*)`)?$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]+)`$")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>[^`]*)`$")


def decode[T](decoder: msgspec.json.Decoder[T], raw: bytes | str) -> T:
    """Of a body or a frame. Not JSON: `malformed-body`; JSON of another shape: `validation-failed`."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise Refusal(Problem.of("malformed-body", "it is not JSON")) from None


def convert[T](values: dict[str, Any], shape: type[T]) -> T:
    """Of query parameters: texts, taken as what the shape says."""
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error) from None


def invalid(error: msgspec.ValidationError) -> InvalidField:
    found = _WHERE.match(str(error))
    message, field = (found["message"], found["field"] or "") if found else (str(error), "")
    for pattern, code, text in (
        (_MISSING, "missing", "it is required"),
        (_UNKNOWN, "unknown", "nothing of this name is taken"),
    ):
        if named := pattern.match(message):
            return InvalidField(f"{field}.{named['name']}".lstrip("."), code, text)
    return InvalidField(field or "body", "invalid", message)

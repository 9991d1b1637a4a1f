"""What pyramid_openapi3 found wrong, in the market's own shape: a field, a code, a sentence."""

import json
from collections.abc import Iterator
from typing import Any

from openapi_core.casting.schemas.exceptions import CastError
from openapi_core.deserializing.exceptions import DeserializeError
from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
from openapi_core.validation.request.exceptions import MissingRequiredRequestBody, ParameterValidationError
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue

from bazaar_shared.problems import FieldError, Problem

CODES = {
    "additionalProperties": "unknown_field",
    "enum": "invalid_choice",
    "maxItems": "max_items",
    "maxLength": "max_length",
    "maximum": "max_value",
    "minItems": "min_items",
    "minLength": "min_length",
    "minimum": "min_value",
    "required": "required",
    "type": "invalid_type",
    "uniqueItems": "duplicate",
}


def problem_of(errors: list[Exception], request: Any) -> Problem:
    """The first error that makes the others meaningless decides; otherwise all fields are named at once."""
    for error in errors:
        if isinstance(error.__cause__, MediaTypeNotFound):
            return Problem.of(
                "unsupported-media-type", f"Not {request.content_type or 'an unnamed type'} here."
            )
        if isinstance(error, MissingRequiredRequestBody) or _in_body(error, DeserializeError):
            return Problem.of("malformed-body")
    found = {(field.field, field.code): field for error in errors for field in _field_errors(error)}
    return Problem.invalid(found[key] for key in sorted(found))


def _in_body(error: Exception, kind: type[Exception]) -> bool:
    return isinstance(error.__cause__, kind) and not isinstance(error, ParameterValidationError)


def _field_errors(error: Exception) -> Iterator[FieldError]:
    parameter = error.name if isinstance(error, ParameterValidationError) else ""
    if isinstance(error.__cause__, InvalidSchemaValue):
        for breach in error.__cause__.schema_errors:
            yield from _breaches(breach, parameter)
    else:
        code = "invalid_type" if isinstance(error.__cause__, CastError | DeserializeError) else "required"
        yield FieldError(parameter, code, str(error))


def _breaches(breach: Any, parameter: str) -> Iterator[FieldError]:
    """A jsonschema error names the object; who sent it wants to know the member."""
    parent = parameter or _path(breach.absolute_path)
    code = CODES.get(breach.validator, "invalid_format")
    match breach.validator:
        case "required":
            missing = [name for name in breach.validator_value if name not in breach.instance]
            # jsonschema reports each missing member by itself
            name = next(name for name in missing if repr(name) in breach.message)
            yield FieldError(_join(parent, name), code, "This field is required.")
        case "additionalProperties":
            for name in sorted(set(breach.instance) - set(breach.schema.get("properties", {}))):
                yield FieldError(_join(parent, name), code, "There is no such field.")
        case _:
            yield FieldError(parent, code, _said(breach))


def _said(breach: Any) -> str:
    """Without the value: a password that is too short must not come back in an answer, nor stand in a log."""
    rule = json.dumps(breach.validator_value) if breach.validator != "pattern" else "see the contract"
    return f"The value breaks the rule {breach.validator}: {rule}."


def _path(parts: Any) -> str:
    path = ""
    for part in parts:
        path = f"{path}[{part}]" if isinstance(part, int) else _join(path, str(part))
    return path


def _join(parent: str, name: str) -> str:
    return f"{parent}.{name}" if parent else name

"""The OpenAPI document, by apispec: schemas from marshmallow, operations from the resources' methods, paths
from the routes. Nothing in it is written twice.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Blueprint, Flask
from marshmallow import Schema
from marshmallow.fields import Field, List
from werkzeug.routing import Map, Rule

from bazaar_shared.problems import CONTENT_TYPE, ERRORS
from reviews.api.operations import Caller, Operation
from reviews.web.observability import template

_INFO = {
    "description": "Reviews and ratings of what was bought here. Errors are RFC 9457 problem details.",
    "license": {"name": "MIT"},
}
_VERBS = ("get", "post", "put", "delete")
_BEARER: dict[str, list[str]] = {"bearer": []}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "trace_id": {"type": ["string", "null"]},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
        "current_version": {"type": "integer", "minimum": 1},
    },
}
_FIELD_ERROR = {
    "type": "object",
    "required": ["field", "code", "message"],
    "properties": {name: {"type": "string"} for name in ("field", "code", "message")},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": 'The version that was read, as in the ETag: "3". Another by now is a 412.',
}


class Converter(OpenAPIConverter):
    def list2param(self, field: "Field[Any]", **_: Any) -> dict[str, Any]:
        """apispec's lists are written `ids=a&ids=b`; here a list is one parameter, with commas."""
        return {"style": "form", "explode": False} if isinstance(field, List) else {}


class Plugin(MarshmallowPlugin):
    Converter = Converter


def of_blueprint(blueprint: Blueprint) -> dict[str, Any]:
    """Without an app that could serve: for the command, which needs no settings."""
    app = Flask("reviews", static_folder=None)
    app.register_blueprint(blueprint)
    return specification(app.url_map, app.view_functions)


def specification(rules: Map, views: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
    plugin = Plugin(schema_name_resolver=_name)
    spec = APISpec("Bazaar: reviews", "1.0.0", "3.1.0", plugins=[plugin], info=_INFO)
    spec.components.schema("Problem", _PROBLEM).schema("FieldError", _FIELD_ERROR)
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    for rule in sorted(rules.iter_rules(), key=lambda rule: rule.rule):
        operations = {verb: _describe(rule, verb, found) for verb, found in _operations(rule, views)}
        if operations:
            spec.path(path=template(rule.rule), operations=operations)
    document: dict[str, Any] = spec.to_dict()
    return document


def _operations(rule: Rule, views: Mapping[str, Callable[..., Any]]) -> Iterator[tuple[str, Operation]]:
    resource = getattr(views[rule.endpoint], "view_class", None)
    for verb in _VERBS:
        found = getattr(getattr(resource, verb, None), "operation", None)
        if found is not None:
            yield verb, found


def _describe(rule: Rule, verb: str, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{verb}_{rule.endpoint.rpartition('.')[2]}",
        "summary": operation.summary,
        "parameters": _parameters(rule, operation),
        "responses": {str(operation.status): _answer(operation), **_refusals(operation)},
        "security": {
            Caller.ANYBODY: [],
            Caller.KNOWN_IF_TOKEN: [{}, _BEARER],
            Caller.SHOPPER: [_BEARER],
        }[operation.caller],
    }
    if operation.body:
        content = {"application/json": {"schema": operation.body}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(rule: Rule, operation: Operation) -> list[dict[str, Any]]:
    uuid = {"type": "string", "format": "uuid"}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": uuid} for name in sorted(rule.arguments)
    ]
    if operation.query:
        found.append({"in": "query", "schema": operation.query})
    if operation.conditional:
        found.append(_IF_MATCH)
    return found


def _answer(operation: Operation) -> dict[str, Any]:
    if operation.answer is None:
        return {"description": "Done; nothing to say."}
    answer: dict[str, Any] = {
        "description": "As asked for.",
        "content": {"application/json": {"schema": operation.answer}},
    }
    if _name(operation.answer) == "Review":
        answer["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "The version."}}
    if operation.status == 201:
        answer["headers"]["Location"] = {"schema": {"type": "string"}, "description": "Where it is now."}
    return answer


def _refusals(operation: Operation) -> dict[str, Any]:
    slugs = {*operation.refusals, "not-found"}
    if operation.caller is not Caller.ANYBODY:
        slugs |= {"unauthenticated", "forbidden"}
    if operation.query or operation.body:
        slugs.add("validation-failed")
    if operation.body:
        slugs |= {"malformed-body", "body-too-large", "unsupported-media-type"}
    if operation.conditional:
        slugs.add("precondition-failed")
    by_status: dict[str, list[str]] = {}
    for slug in sorted(slugs):
        by_status.setdefault(str(ERRORS[slug][0]), []).append(ERRORS[slug][1])
    described = {status: "; ".join(titles) for status, titles in sorted(by_status.items())}
    # what the gateway or a server in trouble answers is a problem as well
    described["default"] = "Any other refusal"
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": text, "content": content} for status, text in described.items()}


@cache
def _class_name(schema: type[Schema]) -> str:
    return schema.__name__.removesuffix("Schema")


def _name(schema: Any) -> str:
    return _class_name(schema if isinstance(schema, type) else type(schema))

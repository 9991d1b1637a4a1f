"""The OpenAPI document: said operation by operation, its schemas by pydantic. A test holds it to the routes.

sanic-ext can make one from docstrings and decorators, in OpenAPI 3.0 and with pydantic's schemas nested out
of reach; this one is shorter than its decorators would be, and 3.1 as those of the other services.
"""

from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from sanic import Blueprint, HTTPResponse
from sanic.response import json

from basket.api.context import BasketRequest
from basket.api.responses import PREFIX
from basket.api.schemas import (
    AddLine,
    BasketOut,
    MergeBasket,
    MergedBasket,
    OpenedBasket,
    ProblemOut,
    SetLine,
    ViewedBasket,
)
from bazaar_shared.problems import CONTENT_TYPE

blueprint = Blueprint("contract")

_MODELS = (AddLine, BasketOut, MergeBasket, MergedBasket, OpenedBasket, ProblemOut, SetLine, ViewedBasket)
_SCHEMAS = "#/components/schemas/"
_JSON = "application/json"

_MEMBER: dict[str, list[str]] = {"member": []}
_GUEST: dict[str, list[str]] = {"guest": []}


@blueprint.get("/openapi.json")
async def openapi(request: BasketRequest) -> HTTPResponse:  # noqa: ARG001
    return json(document(), headers={"Cache-Control": "public, max-age=60"})


@cache
def document() -> dict[str, Any]:
    _, schemas = models_json_schema(
        [(model, "validation") for model in _MODELS], ref_template=_SCHEMAS + "{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bazaar basket",
            "version": "1",
            "description": "Baskets of guests and members. Money is in minor units; prices include tax. "
            "A basket's version, its ETag, covers the prices that were shown.",
        },
        "paths": _paths(),
        "components": {"schemas": schemas["$defs"], "securitySchemes": _security_schemes()},
    }


def _security_schemes() -> dict[str, Any]:
    bearer = "An access token of identity: the member's own basket"
    token = "The secret that a guest's basket was made with"  # noqa: S105 a description
    return {
        "member": {"type": "http", "scheme": "bearer", "description": bearer},
        "guest": {"type": "apiKey", "in": "header", "name": "Basket-Token", "description": token},
    }


def _paths() -> dict[str, Any]:
    baskets, basket = f"{PREFIX}/baskets", f"{PREFIX}/baskets/{{basket_id}}"
    lines, line = f"{basket}/lines", f"{basket}/lines/{{product_id}}"
    return {
        baskets: {
            "post": _operation(
                "openBasket",
                "A new basket for a guest, or the member's own",
                {200: OpenedBasket, 201: OpenedBasket},
                (403,),
                security=[{}, _MEMBER],
                description="Without an access token: a guest's, with `token`, which is told this once. "
                "With one: the member's open basket, made (201) when there is none.",
                response_headers={201: ("ETag", "Location"), 200: ("ETag", "Location")},
            )
        },
        f"{baskets}/mine": {
            "get": _operation(
                "getMyBasket",
                "The member's open basket, made when there is none",
                {200: BasketOut},
                (403,),
                security=[_MEMBER],
            )
        },
        f"{baskets}/mine/merge": {
            "post": _operation(
                "mergeBasket",
                "A guest's basket goes into the member's",
                {200: MergedBasket},
                (400, 403, 404, 409, 413, 415, 422),
                body=MergeBasket,
                security=[_MEMBER],
                description="Of each product the larger quantity. Asked again, it answers the same.",
            )
        },
        basket: {
            "parameters": [_in_path("basket_id")],
            "get": _operation(
                "getBasket", "A basket", {200: ViewedBasket}, (404, 422), parameters=[_SINCE]
            ),
        },
        lines: {
            "parameters": [_in_path("basket_id")],
            "post": _operation(
                "addLine", "Add to a line, or a new one", {200: BasketOut}, _EDIT_WITH_BODY, body=AddLine,
                parameters=[_IF_MATCH],
            ),
            "delete": _operation(
                "clearLines", "Remove all lines", {200: BasketOut}, _EDIT, parameters=[_IF_MATCH]
            ),
        },
        line: {
            "parameters": [_in_path("basket_id"), _in_path("product_id")],
            "put": _operation(
                "setLine", "Set a line's quantity", {200: BasketOut}, _EDIT_WITH_BODY, body=SetLine,
                parameters=[_IF_MATCH],
                description="The same quantity again changes no version, but says that a new price was seen.",
            ),
            "delete": _operation(
                "removeLine", "Remove a line", {200: BasketOut}, _EDIT, parameters=[_IF_MATCH]
            ),
        },
    }  # fmt: skip


_EDIT = (404, 409, 412, 428)
_EDIT_WITH_BODY = (400, 404, 409, 412, 413, 415, 422, 428)

_SINCE = {
    "name": "since",
    "in": "query",
    "required": False,
    "description": "A version that was seen: `changes` then tells what happened after it",
    "schema": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The version that was seen, as in the ETag. Another by now: a 412 with `current_version`",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,18}"$', "examples": ['"3"']},
}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


def _operation(
    operation_id: str,
    summary: str,
    answers: dict[int, type[BaseModel]],
    problems: Iterable[int],
    *,
    body: type[BaseModel] | None = None,
    parameters: Iterable[dict[str, Any]] = (),
    security: Iterable[dict[str, Any]] = (_MEMBER, _GUEST),
    description: str | None = None,
    response_headers: dict[int, tuple[str, ...]] | None = None,
) -> dict[str, Any]:
    told = response_headers or {}
    responses = {
        str(status): _answer(status, _JSON, model, told.get(status, ("ETag",)))
        for status, model in answers.items()
    }
    # everywhere: a token that is not good, a server that is away
    for status in sorted({*problems, 401, 503}):
        responses[str(status)] = _answer(status, CONTENT_TYPE, ProblemOut, ())
    operation: dict[str, Any] = {
        "operationId": operation_id,
        "summary": summary,
        "tags": ["basket"],
        "security": list(security),
        "responses": responses,
    }
    if description:
        operation["description"] = description
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": _ref(body)}}}
    return operation


def _answer(status: int, kind: str, model: type[BaseModel], headers: Iterable[str]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {kind: {"schema": _ref(model)}},
    }
    if headers:
        answer["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    return answer


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _SCHEMAS + model.__name__}

"""The OpenAPI document: schemas by msgspec from the very structs that decode, the rest said here."""

from functools import cache
from http import HTTPStatus
from typing import Any

import falcon
import msgspec
from falcon.asgi import Request, Response

from bazaar_shared.problems import CONTENT_TYPE
from clickstream.api.clicks import PATH, VISIT, Accepted
from clickstream.clicks import Batch


class FieldProblem(msgspec.Struct):
    field: str
    code: str
    message: str


class Problem(msgspec.Struct):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    trace_id: str | None
    detail: str | msgspec.UnsetType = msgspec.UNSET
    errors: list[FieldProblem] | msgspec.UnsetType = msgspec.UNSET


_RATE = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_RETRY = ("Retry-After",)
_PROBLEMS: dict[int, tuple[str, ...]] = {
    400: (),
    408: (),
    413: (),
    415: (),
    422: (),
    429: (*_RATE, *_RETRY),
    503: _RETRY,
}


class Contract:
    async def on_get(self, req: Request, resp: Response) -> None:  # noqa: ARG002
        resp.media = document()
        resp.content_type = falcon.MEDIA_JSON


@cache
def document() -> dict[str, Any]:
    refs, schemas = msgspec.json.schema_components(
        (Batch, Accepted, Problem), ref_template="#/components/schemas/{name}"
    )
    batch, accepted, problem = refs
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bazaar clickstream",
            "version": "1",
            "description": "Takes what pages tell of their visitors, in batches, anonymous and public.",
        },
        "paths": {PATH: {"post": _post(batch, accepted, problem)}},
        "components": {"schemas": schemas},
    }


def _post(batch: Any, accepted: Any, problem: Any) -> dict[str, Any]:
    answers = {
        "202": _answer(202, "application/json", accepted, _RATE),
        "204": {"description": "Nothing is stored: DNT or Sec-GPC is 1, or the User-Agent is a machine's"},
    }
    for status, headers in _PROBLEMS.items():
        answers[str(status)] = _answer(status, CONTENT_TYPE, problem, headers)
    return {
        "operationId": "takeClicks",
        "summary": "Take a batch of page events",
        "description": (
            "202 once Kafka has acknowledged every event. After a 503 some may be stored: the same batch "
            "with the same ids may be sent again: an event's id is its click's, and who reads counts it once."
        ),
        "tags": ["clickstream"],
        "security": [],
        "parameters": [_header("DNT"), _header("Sec-GPC"), _cookie()],
        "requestBody": {
            "required": True,
            # sendBeacon sends texts as text/plain
            "content": {kind: {"schema": batch} for kind in ("application/json", "text/plain")},
        },
        "responses": answers,
    }


def _answer(status: int, kind: str, schema: Any, headers: tuple[str, ...]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {kind: {"schema": schema}},
    }
    if headers:
        answer["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    return answer


def _header(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": "`1`: nothing is stored",
        "schema": {"type": "string"},
    }


def _cookie() -> dict[str, Any]:
    return {
        "name": VISIT,
        "in": "cookie",
        "required": False,
        "description": "The session, where the batch names none",
        "schema": {"type": "string", "format": "uuid"},
    }

"""Every refusal in one place: the map of exceptions, and the form an answer has for programs and for people.

Flask looks handlers up by the exception's class, so this one map serves API and pages. Flask-RESTful would
take its own routes' errors away from it (`Api.error_router`); api/__init__.py gives them back.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, render_template, request
from flask_wtf.csrf import CSRFError
from marshmallow import ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, HTTPException

from bazaar_shared.auth import InvalidToken, KeysUnavailable
from bazaar_shared.pagination import InvalidCursor
from bazaar_shared.problems import CONTENT_TYPE, FieldError, Problem
from bazaar_shared.telemetry import trace_id
from reviews.errors import AlreadyReviewed, NoSuchReview, NotAShopper, NotBought, VersionConflict

log = logging.getLogger(__name__)

PAGES = "/moderation"
_KEPT = ("Allow", "Retry-After")  # headers of Werkzeug's own refusals that say something


def unavailable(error: Exception) -> Problem:
    log.warning("not available", extra={"reason": f"{type(error).__name__}: {error}"[:300]})
    return Problem.of("unavailable")


def internal(error: Exception) -> Problem:
    log.error("a request failed", exc_info=error)
    return Problem.of("internal")


def of_http(error: HTTPException) -> Problem:
    status = error.code or 500
    # Werkzeug's sentence on a 500 or a 404 says nothing that the title does not
    detail = (error.description or "") if status in {413, 415} else ""
    return Problem.of_status(status, detail)


PROBLEMS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    NoSuchReview: lambda _: Problem.of("not-found", "There is no such review."),
    NotBought: lambda _: Problem.of(
        "forbidden", "Only what was delivered to you, and kept, can be reviewed."
    ),
    NotAShopper: lambda _: Problem.of("forbidden", "The token belongs to no person."),
    AlreadyReviewed: lambda _: Problem.of("conflict", "You have reviewed this product already."),
    VersionConflict: lambda error: Problem.of(
        "precondition-failed", str(error), current_version=error.actual
    ),
    InvalidToken: lambda error: Problem.of("unauthenticated", error.reason),
    InvalidCursor: lambda error: Problem.of("invalid-cursor", str(error)),
    ValidationError: lambda error: Problem.invalid(field_errors(error.messages)),
    KeysUnavailable: unavailable,
    OperationalError: unavailable,
    InterfaceError: unavailable,
    PoolTimeout: unavailable,
    CSRFError: lambda _: Problem.of("forbidden", "The form is too old, or not ours. Open the page again."),
    BadRequest: lambda _: Problem.of("malformed-body", "The body is not JSON." if request.is_json else ""),
    HTTPException: of_http,
    Exception: internal,
}


def init_app(app: Flask) -> None:
    for kind, make in PROBLEMS.items():
        app.register_error_handler(kind, _handler(make))


def _handler(make: Callable[[Any], Problem]) -> Callable[[Exception], Response]:
    def handle(error: Exception) -> Response:
        problem = make(error)
        answer = page(problem) if request.path.startswith(PAGES) else document(problem)
        if isinstance(error, HTTPException):
            answer.headers.extend([(name, value) for name, value in error.get_headers() if name in _KEPT])
        if problem.status == 401:
            answer.headers["WWW-Authenticate"] = 'Bearer realm="bazaar"'
        if problem.status == 503:
            answer.headers.setdefault("Retry-After", "2")
        return answer

    return handle


def document(problem: Problem) -> Response:
    return Response(json.dumps(problem.to_dict()), problem.status, content_type=CONTENT_TYPE)


def page(problem: Problem) -> Response:
    text = render_template("moderation/error.html", problem=problem, trace_id=trace_id())
    return Response(text, problem.status)


def field_errors(messages: Any, path: str = "") -> list[FieldError]:
    """marshmallow's nested messages as one flat list with paths such as `lines[0].quantity`."""
    if isinstance(messages, dict):
        return [
            error
            for name, inner in messages.items()
            for error in field_errors(inner, path if name == "_schema" else _join(path, name))
        ]
    return [FieldError(path or "body", _code(message), message) for message in messages]


def _join(path: str, name: str | int) -> str:
    return f"{path}[{name}]" if isinstance(name, int) else f"{path}.{name}".strip(".")


def _code(message: str) -> str:
    """marshmallow has sentences only; programs get one of three words."""
    if message.startswith("Missing data"):
        return "required"
    return "unknown" if message.startswith("Unknown field") else "invalid"

"""What each error is answered with: Sanic's one error handler, where exceptions become problem details."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg
from sanic import HTTPResponse, Request
from sanic.exceptions import BadRequest, RequestTimeout, SanicException
from sanic.handlers import ErrorHandler
from sanic.response import json
from tortoise.exceptions import OperationalError

from basket.baskets.errors import (
    BasketClosed,
    BasketNotFound,
    InvalidField,
    LineNotFound,
    MergedElsewhere,
    StaleVersion,
)
from basket.database import AWAY
from bazaar_shared.auth import InvalidToken, KeysUnavailable
from bazaar_shared.problems import CONTENT_TYPE, FieldError, Problem

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "1"


class Refusal(Exception):
    """A problem as an exception, for the HTTP side itself."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> HTTPResponse:
    return json(problem.to_dict(), problem.status, dict(headers or {}), CONTENT_TYPE)


class ProblemHandler(ErrorHandler):
    """Looked up by the exception's class and its bases; what nobody knows is a 500, and logged."""

    def __init__(self) -> None:
        super().__init__()
        for kind, respond in _RESPONSES.items():
            self.add(kind, _handler(respond))
        for kind in AWAY:
            self.add(kind, _handler(_away))
        self.add(OperationalError, self._database_error)
        self.add(SanicException, _handler(_sanics_own))

    def default(self, request: Request, exception: Exception) -> HTTPResponse:
        extra = {"method": request.method, "path": request.path}
        logger.error("a request failed", extra=extra, exc_info=exception)
        return answer(Problem.of("internal"))

    def _database_error(self, request: Request, error: OperationalError) -> HTTPResponse:
        # started a moment ago, the migration still to come
        if isinstance(error.__cause__, asyncpg.UndefinedTableError):
            return _away(error)
        return self.default(request, error)


def _handler(respond: Callable[[Any], HTTPResponse]) -> Callable[[Request, Any], HTTPResponse]:
    return lambda _, error: respond(error)


def _away(error: Exception) -> HTTPResponse:
    logger.warning("a server that this request needs is away", extra={"reason": repr(error)[:500]})
    return answer(Problem.of("unavailable"), {"Retry-After": RETRY_AFTER_SECONDS})


def _sanics_own(error: SanicException) -> HTTPResponse:
    """Of the router and the HTTP parser. Their texts are for people who read logs."""
    headers = dict(error.headers or {})
    if isinstance(error, BadRequest):
        return answer(Problem.of("malformed-request"), headers)
    if isinstance(error, RequestTimeout):
        headers["Connection"] = "close"
    if error.status_code == 503:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return answer(Problem.of_status(error.status_code), headers)


def _unauthenticated(error: InvalidToken) -> HTTPResponse:
    return answer(Problem.of("unauthenticated", error.reason), {"WWW-Authenticate": "Bearer"})


def _stale(error: StaleVersion) -> HTTPResponse:
    problem = Problem.of("precondition-failed", str(error), current_version=error.current)
    return answer(problem, {"ETag": f'"{error.current}"'})


_RESPONSES: Mapping[type[Exception], Callable[[Any], HTTPResponse]] = {
    Refusal: lambda error: answer(error.problem),
    InvalidToken: _unauthenticated,
    KeysUnavailable: _away,
    BasketNotFound: lambda _: answer(Problem.of("not-found", "there is no such basket")),
    LineNotFound: lambda _: answer(Problem.of("not-found", "the product is not in the basket")),
    BasketClosed: lambda error: answer(Problem.of("conflict", str(error), basket_status=error.status.value)),
    MergedElsewhere: lambda _: answer(Problem.of("conflict", "the basket went to another account")),
    StaleVersion: _stale,
    InvalidField: lambda error: answer(Problem.invalid([FieldError(error.field, error.code, error.message)])),
}

"""What each error is answered with: the one place where exceptions become problem details."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from http import HTTPMethod, HTTPStatus
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from bazaar_shared.auth import InvalidToken, KeysUnavailable
from bazaar_shared.pagination import InvalidCursor
from bazaar_shared.problems import CONTENT_TYPE, FieldError, Problem
from orders.checkout.errors import (
    BasketAway,
    BasketChanged,
    BasketOrdered,
    InvalidField,
    KeyReused,
    TotalChanged,
)
from orders.domain.saga import CannotCancel

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1
_KEY_MISSING = ("missing", ("header", "Idempotency-Key"))


class Refusal(Exception):
    """A problem as an exception, for the HTTP side itself."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem


class OrderNotFound(Exception):
    """Also when it is another's: whether it exists is nobody else's business."""


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    content = orjson.dumps(problem.to_dict(), default=str)
    return Response(content, problem.status, dict(headers or {}), CONTENT_TYPE)


def unavailable() -> Response:
    return answer(Problem.of("unavailable"), {"Retry-After": str(RETRY_AFTER_SECONDS)})


def install(app: FastAPI) -> None:
    handlers: Mapping[type[Exception], Any] = {
        Refusal: lambda error: answer(error.problem),
        RequestValidationError: lambda error: answer(_invalid(error.errors())),
        InvalidToken: _unauthenticated,
        InvalidCursor: lambda error: answer(Problem.of("invalid-cursor", str(error))),
        InvalidField: lambda error: answer(
            Problem.invalid([FieldError(error.field, error.code, error.message)])
        ),
        KeyReused: lambda _: answer(Problem.of("idempotency-key-reused")),
        TotalChanged: _total_changed,
        BasketChanged: _basket_changed,
        BasketOrdered: lambda error: answer(
            Problem.of("basket-ordered", basket_id=error.basket_id, order_id=error.order_id)
        ),
        CannotCancel: lambda error: answer(Problem.of("conflict", str(error))),
        OrderNotFound: lambda _: answer(Problem.of("not-found")),
    }
    away: tuple[type[Exception], ...] = (
        BasketAway,
        KeysUnavailable,
        asyncpg.PostgresConnectionError,
        asyncpg.InterfaceError,
        asyncpg.CannotConnectNowError,
        asyncpg.AdminShutdownError,
        asyncpg.TooManyConnectionsError,
        # begun on a connection that is just being cut
        asyncpg.InternalClientError,
        InterfaceError,
        OperationalError,
        PoolTimeout,
        TimeoutError,
        OSError,
    )
    for kind, respond in handlers.items():
        app.add_exception_handler(kind, _handler(respond))
    for kind in away:
        app.add_exception_handler(kind, _away)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(HTTPException, _frameworks_own)


def _handler(respond: Any) -> Any:
    async def handle(request: Request, error: Exception) -> Response:  # noqa: ARG001
        response: Response = respond(error)
        return response

    return handle


async def _frameworks_own(request: Request, error: Any) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return answer(Problem.of_status(error.status_code), headers)


def _methods(request: Request) -> Iterable[str]:
    """Of the path: the router names those of one route, and others may share its path."""
    for method in HTTPMethod:
        asked = {**request.scope, "method": method.value}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.routes):
            yield method.value


async def _away(request: Request, error: Exception) -> Response:  # noqa: ARG001
    logger.warning("a server that this request needs is away", extra={"reason": repr(error)[:500]})
    return unavailable()


async def _database_error(request: Request, error: Exception) -> Response:
    # SQLAlchemy's asyncpg dialect wraps a server's shutdown as a plain DBAPIError
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return await _away(request, error)
    raise error


def _unauthenticated(error: InvalidToken) -> Response:
    return answer(Problem.of("unauthenticated", error.reason), {"WWW-Authenticate": "Bearer"})


def _total_changed(error: TotalChanged) -> Response:
    changes = [
        {name: value for name, value in asdict(change).items() if value is not None}
        for change in error.changes
    ]
    problem = Problem.of(
        "total-changed",
        expected_total_minor=error.expected_minor,
        actual_total_minor=error.actual_minor,
        changes=changes,
    )
    return answer(problem)


def _basket_changed(error: BasketChanged) -> Response:
    problem = Problem.of(
        "basket-changed",
        basket_id=error.basket.id,
        expected_version=error.expected_version,
        actual_version=error.basket.version,
        # not `status`: that member is HTTP's
        basket_status=error.basket.status,
        changes=[asdict(change) for change in error.basket.changes],
    )
    return answer(problem)


def _invalid(errors: Iterable[Mapping[str, Any]]) -> Problem:
    found = list(errors)
    if any(error["type"] == "json_invalid" for error in found):
        return Problem.of("malformed-body", "the body is not JSON")
    if any((error["type"], error["loc"]) == _KEY_MISSING for error in found):
        return Problem.of("idempotency-key-missing")
    return Problem.invalid([FieldError(path(e["loc"]), e["type"], e["msg"]) for e in found])


def path(location: Iterable[str | int]) -> str:
    """("body", "lines", 0, "quantity") → "lines[0].quantity"; of a missing body: "body"."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif text or part not in {"body", "query", "path", "header"}:
            text += f".{part}" if text else part
    return text or "body"

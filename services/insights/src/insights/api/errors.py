"""Refusals as exceptions, and what each is answered with."""

import logging
from collections.abc import Mapping

from aiohttp import ClientError
from aiohttp.web import HTTPException, Response, json_response
from faust.web.exceptions import WebError

from bazaar_shared.auth import InvalidToken, KeysUnavailable
from bazaar_shared.pagination import InvalidCursor
from bazaar_shared.problems import CONTENT_TYPE, FieldError, Problem

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "2"


class Refusal(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem


class Unavailable(Exception):
    """A server, or another worker, that this answer needs is away."""


def not_found() -> Refusal:
    return Refusal(Problem.of("not-found"))


def invalid(field: str, code: str, message: str) -> Refusal:
    return Refusal(Problem.invalid([FieldError(field, code, message)]))


def answer_to(error: Exception) -> Response:
    match error:
        case Refusal():
            return answer(error.problem)
        case InvalidToken():
            return answer(Problem.of("unauthenticated", error.reason), {"WWW-Authenticate": "Bearer"})
        case InvalidCursor():
            return answer(Problem.of("invalid-cursor", str(error)))
        case Unavailable() | KeysUnavailable() | ClientError() | TimeoutError():
            logger.warning("something that this answer needs is away", extra={"reason": repr(error)[:500]})
            return answer(Problem.of("unavailable"), {"Retry-After": RETRY_AFTER_SECONDS})
        case WebError():
            return answer(Problem.of_status(error.code))
        case HTTPException():
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
            return answer(Problem.of_status(error.status), allow)
    logger.error("a request failed", exc_info=error)
    return answer(Problem.of("internal"))


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    response = json_response(problem.to_dict(), status=problem.status, headers=headers)
    response.content_type = CONTENT_TYPE
    return response

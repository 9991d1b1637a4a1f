"""What each error is answered with: the one place where exceptions become problem details."""

import logging
from typing import Any, NoReturn

import falcon
import falcon.asgi
import msgspec
from falcon.asgi import Request, Response

from bazaar_shared.problems import CONTENT_TYPE, Problem
from clickstream.clicks import InvalidClicks
from clickstream.flow import Allowance, Overloaded, RateExceeded
from clickstream.kafka import KafkaAway

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "1"
_encode = msgspec.json.Encoder().encode


class ProblemError(falcon.HTTPError):
    """A problem of the catalogue that knows more than its status."""

    def __init__(self, problem: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(problem.status, headers=headers)
        self.problem = problem


def install(app: falcon.asgi.App[Any, Any]) -> None:
    app.set_error_serializer(as_problem)
    app.add_error_handler(Exception, _failed)
    app.add_error_handler(InvalidClicks, _invalid)
    app.add_error_handler(RateExceeded, _too_many)
    app.add_error_handler(Overloaded, _overloaded)
    app.add_error_handler(KafkaAway, _kafka_away)


def as_problem(req: Any, resp: Any, error: falcon.HTTPError) -> None:  # noqa: ARG001
    """Falcon's own refusals (404, 405, 413, 415 …) and ours, as RFC 9457 has them."""
    if isinstance(error, ProblemError):
        problem = error.problem
    else:
        problem = Problem.of_status(error.status_code, error.description or "")
    resp.data = _encode(problem.to_dict())
    resp.content_type = CONTENT_TYPE


async def _failed(req: Request, resp: Response, error: Exception, params: Any) -> NoReturn:  # noqa: ARG001
    logger.error("a request failed", extra={"method": req.method, "path": req.path}, exc_info=error)
    raise ProblemError(Problem.of("internal"))


async def _invalid(req: Request, resp: Response, error: InvalidClicks, params: Any) -> NoReturn:  # noqa: ARG001
    raise ProblemError(Problem.invalid(error.errors))


async def _too_many(req: Request, resp: Response, error: RateExceeded, params: Any) -> NoReturn:  # noqa: ARG001
    headers = rate_headers(error.allowance) | {"Retry-After": str(error.allowance.retry_after)}
    raise ProblemError(Problem.of("too-many-requests", "this session sends too many events"), headers)


async def _overloaded(req: Request, resp: Response, error: Overloaded, params: Any) -> NoReturn:  # noqa: ARG001
    req.context.refused = "overloaded"
    raise _unavailable("too much is in flight; the same batch may be sent again")


async def _kafka_away(req: Request, resp: Response, error: KafkaAway, params: Any) -> NoReturn:  # noqa: ARG001
    logger.debug("a batch is not acknowledged", extra={"reason": str(error)})
    req.context.refused = "kafka_away"
    raise _unavailable("not every event is stored; the same batch, with its ids, may be sent again")


def _unavailable(detail: str) -> ProblemError:
    return ProblemError(Problem.of("unavailable", detail), {"Retry-After": RETRY_AFTER_SECONDS})


def rate_headers(allowance: Allowance) -> dict[str, str]:
    """Named as the gateway names its own limits'."""
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": str(allowance.reset),
    }

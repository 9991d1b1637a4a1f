"""What can be refused, and the one place where a refusal becomes a problem: HTTP answers with it, sockets are
told it.
"""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from bazaar_shared.auth import InvalidToken, KeysUnavailable, TokenUnavailable
from bazaar_shared.pagination import InvalidCursor
from bazaar_shared.problems import FieldError, Problem
from chat.storage.database import is_away

RETRY_AFTER_SECONDS = 1


class Refusal(Exception):
    """A problem as an exception, with the headers that belong to it."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem
        self.headers = dict(headers or {})


class ConversationNotFound(Exception):
    """Also when it is another's: whether it exists is nobody else's business."""


class OrderNotFound(Exception):
    """Also when it is another's."""


class ProductNotFound(Exception):
    pass


class OwnStall(Exception):
    """Somebody wants to talk with the stall they work in."""


class BodyDiffers(Exception):
    """The client's message id was used for another message."""


class TooManyMessages(Exception):
    def __init__(self, again_in: float) -> None:
        super().__init__(f"again in {again_in:.1f} s")
        self.retry_after = max(1, ceil(again_in))


class InvalidField(Exception):
    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code, self.message = field, code, message


class Away(Exception):
    """Another service is needed, and does not answer."""


_UNAVAILABLE = Refusal(Problem.of("unavailable"), {"Retry-After": str(RETRY_AFTER_SECONDS)})


def refusal_of(error: BaseException) -> Refusal | None:
    """None for what is a fault of ours."""
    if isinstance(error, Refusal):
        return error
    for kind, refuse in _REFUSALS.items():
        if isinstance(error, kind):
            return refuse(error)
    return _UNAVAILABLE if is_away(error) else None


def _too_many(error: TooManyMessages) -> Refusal:
    problem = Problem.of("too-many-requests", str(error), retry_after=error.retry_after)
    return Refusal(problem, {"Retry-After": str(error.retry_after)})


def _not_found(what: str) -> Callable[[Any], Refusal]:
    return lambda _: Refusal(Problem.of("not-found", f"there is no such {what}"))


def _conflict(detail: str) -> Callable[[Any], Refusal]:
    return lambda _: Refusal(Problem.of("conflict", detail))


_REFUSALS: Mapping[type[Exception], Callable[[Any], Refusal]] = {
    InvalidToken: lambda error: Refusal(
        Problem.of("unauthenticated", error.reason), {"WWW-Authenticate": "Bearer"}
    ),
    InvalidField: lambda error: Refusal(
        Problem.invalid([FieldError(error.field, error.code, error.message)])
    ),
    InvalidCursor: lambda error: Refusal(Problem.of("invalid-cursor", str(error))),
    ConversationNotFound: _not_found("conversation"),
    OrderNotFound: _not_found("order"),
    ProductNotFound: _not_found("product"),
    OwnStall: _conflict("this is your own stall"),
    BodyDiffers: _conflict("the client_message_id was used for another message"),
    TooManyMessages: _too_many,
    Away: lambda _: _UNAVAILABLE,
    KeysUnavailable: lambda _: _UNAVAILABLE,
    TokenUnavailable: lambda _: _UNAVAILABLE,
}

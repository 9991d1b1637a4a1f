"""Every refusal leaves as RFC 9457 problem details. Only this module knows what HTTP calls a domain error."""

import logging
from typing import Any

from pyramid.exceptions import PredicateMismatch
from pyramid.httpexceptions import HTTPException, HTTPForbidden, HTTPNotFound
from pyramid.response import Response
from pyramid.view import exception_view_config, forbidden_view_config, notfound_view_config
from pyramid_retry import is_error_retryable
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bazaar_shared.pagination import InvalidCursor
from bazaar_shared.problems import CONTENT_TYPE, FieldError, Problem
from identity import errors
from identity.security.interfaces import IConcealed

logger = logging.getLogger(__name__)

SLUGS: dict[type[errors.DomainError], str] = {
    errors.Conflict: "conflict",
    errors.FieldRefused: "validation-failed",
    errors.InvalidClient: "unauthenticated",
    errors.KeysMissing: "unavailable",
    errors.NotAllowed: "forbidden",
    errors.NotAuthenticated: "unauthenticated",
    errors.NotThere: "not-found",
    errors.Overloaded: "unavailable",
    errors.TooManyAttempts: "too-many-requests",
    errors.UnsupportedGrant: "malformed-body",
}


def answer(problem: Problem, **headers: str) -> Response:
    response = Response(json_body=problem.to_dict(), status=problem.status, charset=None)
    response.content_type = CONTENT_TYPE
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


@exception_view_config(errors.DomainError)
def refused(refusal: errors.DomainError, _request: Any) -> Response:
    return answer(Problem.of(SLUGS[type(refusal)], str(refusal)))


@exception_view_config(errors.FieldRefused)
def field_refused(refusal: errors.FieldRefused, _request: Any) -> Response:
    return answer(Problem.invalid([FieldError(refusal.field, refusal.code, str(refusal))]))


@exception_view_config(errors.NotAuthenticated)
def not_authenticated(refusal: errors.NotAuthenticated, _request: Any) -> Response:
    return answer(Problem.of("unauthenticated", str(refusal)), WWW_Authenticate='Bearer realm="bazaar"')


@exception_view_config(errors.InvalidClient)
def invalid_client(refusal: errors.InvalidClient, _request: Any) -> Response:
    problem = Problem.of("unauthenticated", str(refusal), error="invalid_client")
    return answer(problem, WWW_Authenticate='Basic realm="bazaar services"')


@exception_view_config(errors.UnsupportedGrant)
def unsupported_grant(refusal: errors.UnsupportedGrant, _request: Any) -> Response:
    return answer(Problem.of("malformed-body", str(refusal), error="unsupported_grant_type"))


@exception_view_config(errors.TooManyAttempts)
def too_many_attempts(refusal: errors.TooManyAttempts, _request: Any) -> Response:
    return answer(Problem.of("too-many-requests", str(refusal)), Retry_After=str(refusal.retry_after))


@exception_view_config(InvalidCursor)
def invalid_cursor(refusal: InvalidCursor, _request: Any) -> Response:
    return answer(Problem.of("invalid-cursor", str(refusal)))


@forbidden_view_config()
def forbidden(_refusal: HTTPForbidden, request: Any) -> Response:
    if request.identity is None:
        reason = request.environ.get("identity.token_refused")
        challenge = 'Bearer realm="bazaar"' + (', error="invalid_token"' if reason else "")
        return answer(Problem.of("unauthenticated", reason or ""), WWW_Authenticate=challenge)
    if IConcealed.providedBy(request.context) and not request.has_permission("view"):
        return answer(Problem.of("not-found"))
    return answer(Problem.of("forbidden"))


@notfound_view_config()
def not_found(refusal: HTTPNotFound, request: Any) -> Response:
    """No route is 404; a route that has no view for this method is 405, which Pyramid does not tell apart."""
    allowed = _allowed_methods(request) if isinstance(refusal, PredicateMismatch) else []
    if allowed and request.method not in allowed:
        return answer(Problem.of("method-not-allowed"), Allow=", ".join(allowed))
    return answer(Problem.of("not-found"))


def _allowed_methods(request: Any) -> list[str]:
    paths = request.registry.settings["pyramid_openapi3"]["spec"].read_value()["paths"]
    operations = paths.get(request.matched_route.pattern, {"get": None})
    return [method.upper() for method in ("get", "post", "put", "patch", "delete") if method in operations]


@exception_view_config(HTTPException)
def http_exception(refusal: HTTPException, _request: Any) -> Response:
    if refusal.status_code < 400:
        return refusal
    return answer(Problem.of_status(refusal.status_code))


@exception_view_config(Exception)
def failed(failure: Exception, request: Any) -> Response:
    if is_error_retryable(request, failure):
        return answer(Problem.of("unavailable"))  # pyramid_retry throws this answer away and asks again
    if _database_is_away(failure):
        logger.warning("the database does not answer", extra={"reason": type(failure).__name__})
        return answer(Problem.of("unavailable"), Retry_After="1")
    logger.error("unexpected failure", exc_info=failure)
    return answer(Problem.of("internal"))


def _database_is_away(failure: Exception) -> bool:
    lost = isinstance(failure, DBAPIError) and failure.connection_invalidated
    return lost or isinstance(failure, OperationalError | PoolTimeout)


def includeme(config: Any) -> None:
    config.scan(__name__)

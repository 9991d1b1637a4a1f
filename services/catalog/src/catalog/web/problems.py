"""Every refusal as RFC 9457 problem details: DRF's exceptions, the domain's, and Django's own error pages."""

import json
import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from bazaar_shared.auth import KeysUnavailable
from bazaar_shared.pagination import InvalidCursor
from bazaar_shared.problems import CONTENT_TYPE, FieldError, Problem
from catalog.products.querysets import VersionConflict

log = logging.getLogger(__name__)


class Conflict(exceptions.APIException):
    """The state does not allow it: a SKU that the stall already has."""

    status_code = 409
    default_detail = "It conflicts with what is there."
    default_code = "conflict"


def respond(problem: Problem, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(
        json.dumps(problem.to_dict()), status=problem.status, content_type=CONTENT_TYPE, headers=headers
    )


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's hook. What it does not know is a bug: None lets Django log it and answer `server_error`."""
    if isinstance(error, (OperationalError, InterfaceError, KeysUnavailable)):
        log.warning("not available: %s", error)
        return respond(Problem.of("unavailable"), {"Retry-After": "2"})
    if (problem := domain_problem(error)) is not None:
        return respond(problem)
    answer = drf_exception_handler(error, context)
    if answer is None:
        return None
    kept = {name: answer[name] for name in ("WWW-Authenticate", "Retry-After") if name in answer}
    return respond(framework_problem(error, answer), kept)


def domain_problem(error: Exception) -> Problem | None:
    match error:
        case VersionConflict(actual=actual):
            return Problem.of("precondition-failed", str(error), current_version=actual)
        case InvalidCursor():
            return Problem.of("invalid-cursor", str(error))
        case exceptions.ValidationError():
            return Problem.invalid(field_errors(error.get_full_details()))
        case _:
            return None


def framework_problem(error: Exception, answer: Response) -> Problem:
    """DRF's own refusals keep their sentence; the catalogue of errors has their type and title."""
    if isinstance(error, (exceptions.AuthenticationFailed, exceptions.NotAuthenticated)):
        return Problem.of("unauthenticated", str(error.detail))
    if isinstance(error, exceptions.ParseError):
        return Problem.of("malformed-body", "The body is not JSON.")
    detail = str(error.detail) if isinstance(error, exceptions.APIException) else ""
    return Problem.of_status(answer.status_code, detail)


def field_errors(details: Any, path: str = "") -> list[FieldError]:
    """DRF's nested details as one flat list with paths such as `lines[0].quantity`."""
    if isinstance(details, dict) and {"message", "code"} == details.keys():
        return [FieldError(path or "body", details["code"], str(details["message"]))]
    if isinstance(details, dict):
        named = (("" if name == "non_field_errors" else name, inner) for name, inner in details.items())
        return [error for name, inner in named for error in field_errors(inner, f"{path}.{name}".strip("."))]
    return [error for inner in details for error in field_errors(inner, path)]


# -- Django's own pages: HTML in the back office, problem details everywhere else -----------------------


def is_page(request: HttpRequest) -> bool:
    return request.path.startswith("/admin/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return (
        defaults.bad_request(request, exception)
        if is_page(request)
        else respond(Problem.of("malformed-body"))
    )


def permission_denied(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    return (
        defaults.permission_denied(request, exception)
        if is_page(request)
        else respond(Problem.of("forbidden"))
    )


def page_not_found(request: HttpRequest, exception: Http404) -> HttpResponse:
    return (
        defaults.page_not_found(request, exception) if is_page(request) else respond(Problem.of("not-found"))
    )


def server_error(request: HttpRequest) -> HttpResponse:
    return defaults.server_error(request) if is_page(request) else respond(Problem.of("internal"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return defaults.permission_denied(request, PermissionDenied(reason))

import logging
from typing import Any

from openapi_core.validation.request.exceptions import SecurityValidationError
from pyramid.response import Response
from pyramid.view import exception_view_config, view_config
from pyramid_openapi3.exceptions import RequestValidationError, ResponseValidationError

from bazaar_shared.problems import Problem
from identity.contract.errors import problem_of
from identity.contract.specification import specification
from identity.errors import InvalidClient
from identity.problems import answer, invalid_client

logger = logging.getLogger(__name__)


@view_config(route_name="openapi.json", request_method="GET", permission="view", renderer="json")
def show_specification(_context: Any, _request: Any) -> dict[str, Any]:
    return specification()


@exception_view_config(RequestValidationError)
def invalid_request(refusal: RequestValidationError, request: Any) -> Response:
    if any(isinstance(error, SecurityValidationError) for error in refusal.errors):
        # Bearer tokens are the security policy's; this is the token endpoint, asked without HTTP Basic.
        return invalid_client(
            InvalidClient("HTTP Basic with the client's name and secret is required."), request
        )
    return answer(problem_of(refusal.errors, request))


@exception_view_config(ResponseValidationError)
def invalid_response(failure: ResponseValidationError, _request: Any) -> Response:
    logger.error("an answer breaks our own contract", extra={"breaches": [str(e) for e in failure.errors]})
    return answer(Problem.of("internal"))

"""Nameko's `@http` with JSON in and out, problem details for every refusal, and the caller's trace."""

import json
from typing import Any

from nameko.web.handlers import HttpRequestHandler
from nameko.web.server import WebServer, WsgiApp
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import Map
from werkzeug.wrappers import Request, Response

from bazaar_shared.problems import CONTENT_TYPE, Problem

LONGEST_BODY = 64 * 1024


class BadInput(Exception):
    """The request is refused with this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class JsonWebServer(WebServer):
    def get_wsgi_app(self) -> WsgiApp:
        return JsonWsgiApp(self)

    def context_data_from_headers(self, request: Request) -> dict[str, str]:
        names = ("traceparent", "tracestate")
        return {name: request.headers[name] for name in names if name in request.headers}


class JsonWsgiApp(WsgiApp):
    """Nameko answers unknown paths and wrong methods with werkzeug's pages; here they are problems, too."""

    url_map: Map

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        try:
            self.url_map.bind_to_environ(environ).match()
        except HTTPException as error:
            return problem_response(Problem.of_status(error.code or 404))(environ, start_response)
        return super().__call__(environ, start_response)


class JsonHttp(HttpRequestHandler):
    server = JsonWebServer()

    def response_from_result(self, result: tuple[int, dict[str, Any]]) -> Response:
        status, body = result
        return Response(json.dumps(body), status=status, content_type="application/json")

    def response_from_exception(self, exc: Exception) -> Response:
        if isinstance(exc, BadInput):
            return problem_response(exc.problem)
        return problem_response(Problem.of("internal"))


def problem_response(problem: Problem) -> Response:
    return Response(json.dumps(problem.to_dict()), status=problem.status, content_type=CONTENT_TYPE)


def json_body(request: Request) -> dict[str, Any]:
    request.max_content_length = LONGEST_BODY
    try:
        body = json.loads(request.get_data())
    except RequestEntityTooLarge:
        raise BadInput(Problem.of("body-too-large")) from None
    except ValueError:
        raise BadInput(Problem.of("malformed-body")) from None
    if not isinstance(body, dict):
        raise BadInput(Problem.of("malformed-body"))
    return body


http = JsonHttp.decorator

"""What all handlers share: dependencies by `initialize`, a span and metrics around each request, and every
status from 400 on as a problem of the catalogue.
"""

import logging
from contextlib import ExitStack
from http import HTTPStatus
from types import TracebackType
from typing import Any

import msgspec
from opentelemetry.trace import SpanKind
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, HTTPError, RequestHandler, stream_request_body

from bazaar_shared.auth import InvalidToken, bearer
from bazaar_shared.metrics import HttpMetrics
from bazaar_shared.problems import CONTENT_TYPE, Problem
from bazaar_shared.telemetry import span, trace_id
from chat.caller import Caller
from chat.errors import Refusal, refusal_of
from chat.services import Services
from chat.validation import convert, decode
from chat.web.traffic import Traffic

logger = logging.getLogger(__name__)

ACCESS_COOKIE = "bazaar_access"
# says which session an XSRF token was given to; signed, for a neighbouring host can set cookies as well
SESSION_COOKIE = "bazaar_chat"
COOKIE_PATH = "/api/chat"
MAX_BODY = 64 * 1024
TOO_LARGE = Problem.of("body-too-large", f"at most {MAX_BODY} bytes are taken")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class BaseHandler(RequestHandler):
    services: Services
    traffic: Traffic
    caller: Caller
    route: str | None

    def __init__(self, application: Application, request: HTTPServerRequest, **kwargs: Any) -> None:
        self._around = ExitStack()
        super().__init__(application, request, **kwargs)

    def initialize(
        self, services: Services, traffic: Traffic, metrics: HttpMetrics, route: str | None = None
    ) -> None:
        self.services = services
        self.traffic = traffic
        self.metrics = metrics
        self.route = route

    def set_default_headers(self) -> None:
        """Also after `clear()`, so an error's answer names the trace as well."""
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")
        if trace := trace_id():
            self.set_header("X-Trace-Id", trace)

    async def prepare(self) -> None:
        """Each request is a task of Tornado's: the span begun here is its own until it is answered."""
        self.traffic.begin()
        self._around.callback(self.traffic.end)
        method = self.request.method or ""
        self._around.enter_context(self.metrics.active(method))
        name = f"{method} {self.route or 'unmatched'}"
        self._around.enter_context(span(name, self.request.headers, SpanKind.SERVER))
        self.set_default_headers()

    def on_finish(self) -> None:
        method, seconds = self.request.method or "", self.request.request_time()
        self.metrics.observe(method, self.route, self.get_status(), seconds)
        self._around.close()

    async def authenticate(self) -> None:
        """By the bearer token if there is one, else by the storefront's cookie, which needs XSRF's proof."""
        header = self.request.headers.get("Authorization")
        token = self.get_cookie(ACCESS_COOKIE) if header is None else bearer(header)
        self.caller = await self.verified(token, by_cookie=header is None)
        if self.caller.by_cookie:
            self._guard_cookie()

    async def verified(self, token: str | None, *, by_cookie: bool = False) -> Caller:
        if not token:
            raise InvalidToken("an access token is required")
        return Caller.of(await self.services.verifier.verify(token), token, by_cookie=by_cookie)

    def _guard_cookie(self) -> None:
        """Here and not by Tornado's `xsrf_cookies`, which would ask before anybody knows who it is."""
        session = self.caller.principal.session_id or self.caller.principal.subject
        if self.request.method not in _SAFE:
            self.check_xsrf_cookie()
            if self.get_signed_cookie(SESSION_COOKIE) != session.encode():
                raise HTTPError(403, "the XSRF token is another session's")
            return
        _ = self.xsrf_token  # sets its cookie when there is none
        if self.get_signed_cookie(SESSION_COOKIE) != session.encode():
            secure = self.services.settings.cookie_secure
            self.set_signed_cookie(
                SESSION_COOKIE,
                session,
                expires_days=None,
                path=COOKIE_PATH,
                httponly=True,
                secure=secure,
                samesite="Lax",
            )

    # answers

    def answer(self, document: Any, status: int = HTTPStatus.OK) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(document))

    def refuse(self, refusal: Refusal) -> None:
        self.clear()
        self._write_problem(refusal)
        self.finish()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        refusal = None if error is None or isinstance(error, HTTPError) else refusal_of(error)
        self._write_problem(refusal or Refusal(self._own_problem(status_code, error)))

    def _own_problem(self, status: int, error: BaseException | None) -> Problem:
        """Of Tornado's own refusals. Their texts are for people who read logs, but for XSRF's."""
        if status == HTTPStatus.BAD_REQUEST:
            return Problem.of("malformed-request")
        if status == HTTPStatus.FORBIDDEN and isinstance(error, HTTPError):
            return Problem.of("forbidden", error.log_message or "")
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self._allowed()))
        return Problem.of_status(status)

    def _allowed(self) -> list[str]:
        """Those that the handler has made its own."""
        names = [method.lower() for method in _METHODS]
        return [
            name.upper() for name in names if getattr(type(self), name) is not getattr(RequestHandler, name)
        ]

    def _write_problem(self, refusal: Refusal) -> None:
        self.set_status(refusal.problem.status)
        for name, value in refusal.headers.items():
            self.set_header(name, value)
        self.set_header("Content-Type", CONTENT_TYPE)
        self.write(msgspec.json.encode(refusal.problem.to_dict()))

    def log_exception(
        self,
        typ: type[BaseException] | None,  # noqa: ARG002
        value: BaseException | None,
        tb: TracebackType | None,  # noqa: ARG002
    ) -> None:
        """Refusals are answers; only what nobody foresaw is logged."""
        if value is None or isinstance(value, HTTPError):
            return
        refusal = refusal_of(value)
        if refusal is not None:
            if refusal.problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                logger.warning("a server that is needed is away", extra={"reason": repr(value)[:500]})
            return
        extra = {"method": self.request.method, "route": self.route}
        logger.error("a request failed", extra=extra, exc_info=value)

    def compute_etag(self) -> None:
        """What is answered changes; a digest of each answer would be work for nobody."""


class NotFoundHandler(BaseHandler):
    async def prepare(self) -> None:
        await super().prepare()
        raise HTTPError(HTTPStatus.NOT_FOUND)


@stream_request_body
class TooLargeHandler(BaseHandler):
    """Answers by the headers alone, and reads nothing of the body; the connection can't be used again."""

    async def prepare(self) -> None:
        await super().prepare()
        raise Refusal(TOO_LARGE, {"Connection": "close"})

    def data_received(self, chunk: bytes) -> None:
        """Never called: it is refused before."""


class ApiHandler(BaseHandler):
    async def prepare(self) -> None:
        await super().prepare()
        await self.authenticate()
        # one that said nothing of its length before
        if len(self.request.body) > MAX_BODY:
            raise Refusal(TOO_LARGE)

    def body[T](self, decoder: msgspec.json.Decoder[T]) -> T:
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal(Problem.of("unsupported-media-type", "only application/json is taken"))
        return decode(decoder, self.request.body)

    def query[T](self, shape: type[T]) -> T:
        """Each parameter once; the last one counts where it is there more often."""
        return convert({name: self.get_query_argument(name) for name in self.request.query_arguments}, shape)

"""The one way to another service: with a deadline, the trace, the shopper's token, and a note of it."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol
from urllib.parse import quote

import httpx
from opentelemetry.trace import SpanKind

from bazaar_shared import telemetry
from storefront import recorder
from storefront.clients.errors import Refused, SignedOut, Unavailable
from storefront.recorder import Call, Outcome

logger = logging.getLogger(__name__)

READ_SECONDS = 1.5
WRITE_SECONDS = 5.0
_SAFE = frozenset({"GET", "HEAD"})
# these fail before anything was sent
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Bearer(Protocol):
    """Whose call it is. `renew` gets a new access token in place of the stale one; False: the session has
    ended.
    """

    @property
    def access(self) -> str | None: ...
    async def renew(self, stale: str | None) -> bool: ...


@dataclass(frozen=True, slots=True)
class Ask:
    """A request by its contract's words: the route's template and what fills it."""

    method: str
    route: str
    path: Mapping[str, str]
    params: Mapping[str, Any] | None = None
    json: Any = None
    headers: Mapping[str, str] | None = None
    seconds: float | None = None

    @property
    def url(self) -> str:
        # quoted whole: a value with a slash or a dot-dot stays one segment of the path
        return self.route.format_map({name: quote(value, safe="") for name, value in self.path.items()})

    @property
    def patience(self) -> float:
        return self.seconds or (READ_SECONDS if self.method in _SAFE else WRITE_SECONDS)


class Service:
    """`name` is the service's folder; subclasses add its routes."""

    name: str

    def __init__(self, http: httpx.AsyncClient, base_url: str) -> None:
        self._http = http
        self._base_url = base_url

    async def ask(
        self,
        method: str,
        route: str,
        *,
        bearer: Bearer | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
        path: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A good answer, or one of errors.py. A 401 is answered by one renewal and one more try."""
        asked = Ask(method, route, path or {}, params, json, headers, seconds)
        token = bearer.access if bearer else None
        response = await self._send(asked, token)
        if response.status_code == httpx.codes.UNAUTHORIZED and bearer is not None:
            if not await bearer.renew(token):
                raise SignedOut(self.name, "the session has ended")
            response = await self._send(asked, bearer.access)
            if response.status_code == httpx.codes.UNAUTHORIZED:
                raise SignedOut(self.name, "a new token is refused as well")
        return self._judged(asked, response)

    async def _send(self, asked: Ask, token: str | None) -> httpx.Response:
        record = recorder.current()
        began = perf_counter()
        status: int | None = None
        outcome: Outcome = "failed"
        try:
            with telemetry.span(f"{asked.method} {asked.route}", kind=SpanKind.CLIENT):
                async with asyncio.timeout(min(asked.patience, record.remaining())):
                    response = await self._http.request(
                        asked.method,
                        self._base_url + asked.url,
                        params=asked.params,
                        json=asked.json,
                        headers=_headers(asked, token),
                    )
            status, outcome = response.status_code, _outcome(response.status_code)
            return response
        except (TimeoutError, httpx.TimeoutException) as error:
            outcome = "timeout"
            raise self._unavailable(asked, error) from error
        except httpx.HTTPError as error:
            raise self._unavailable(asked, error) from error
        finally:
            ms = (perf_counter() - began) * 1000
            record.add(Call(self.name, asked.method, asked.route, status, ms, outcome))

    def _unavailable(self, asked: Ask, error: Exception) -> Unavailable:
        logger.warning(
            "a service did not answer",
            extra={"peer": self.name, "route": asked.route, "error": repr(error)},
        )
        maybe_done = asked.method not in _SAFE and not isinstance(error, _NOT_SENT)
        return Unavailable(self.name, repr(error), maybe_done=maybe_done)

    def _judged(self, asked: Ask, response: httpx.Response) -> httpx.Response:
        status = response.status_code
        if status < 300:
            return response
        if status >= 500 or status < 400:
            logger.warning(
                "a service failed", extra={"peer": self.name, "route": asked.route, "status": status}
            )
            raise Unavailable(self.name, f"status {status}", maybe_done=asked.method not in _SAFE)
        raise Refused(self.name, status, _problem(response), response.headers.get("retry-after"))


def document(service: str, response: httpx.Response) -> Any:
    """The answer's JSON. What is none is no answer."""
    try:
        return response.json()
    except ValueError as error:
        raise Unavailable(service, "the answer is not JSON", maybe_done=True) from error


def _headers(asked: Ask, token: str | None) -> dict[str, str]:
    headers = dict(asked.headers or {})
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    telemetry.inject(headers)
    return headers


def _outcome(status: int) -> Outcome:
    if status < 400:
        return "ok"
    return "refused" if status < 500 else "failed"


def _problem(response: httpx.Response) -> Mapping[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

"""One way to ask another service: with the trace, a deadline for all of it, and its silence as an error."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
from opentelemetry.trace import SpanKind

from bazaar_shared.telemetry import inject, span
from chat.errors import Away

_CONNECTIONS = 32


def make_client(base_url: str, seconds: float) -> httpx.AsyncClient:
    """Without retries, httpx's default: the caller's own request is the one that is made again."""
    return httpx.AsyncClient(
        base_url=base_url,
        timeout=seconds,
        limits=httpx.Limits(max_connections=_CONNECTIONS),
        # inside the network: no proxy that the environment names
        trust_env=False,
    )


async def ask(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    route: str,
    token: str | None = None,
    params: Mapping[str, str] | None = None,
    json: Any = None,
) -> httpx.Response:
    """Away for whoever does not answer in time, or with a fault of its own."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with span(f"{method} {route}", kind=SpanKind.CLIENT):
        inject(headers)
        try:
            # httpx's own limits are for each read; this is for all of it
            async with asyncio.timeout(client.timeout.read):
                answer = await client.request(method, path, params=params, json=json, headers=headers)
        except (httpx.HTTPError, TimeoutError) as error:
            raise Away(f"{client.base_url} does not answer: {error!r}") from error
    if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Away(f"{client.base_url} answered {answer.status_code}")
    return answer


def read[T](answer: httpx.Response, shape: type[T]) -> T:
    """Of a good answer, what is needed of it."""
    if not answer.is_success:
        raise Away(f"{answer.request.url.host} answered {answer.status_code}")
    try:
        return msgspec.json.decode(answer.content, type=shape)
    except msgspec.DecodeError as error:
        # not the values: they may be somebody's
        raise Away(f"{answer.request.url.host}'s answer cannot be read: {error}") from None

"""Falcon's media handlers on msgspec: a body is bounded while it is read, and decoded right into its type."""

import asyncio
from collections.abc import AsyncIterable
from typing import cast

import falcon
import msgspec
from falcon.media import BaseHandler, Handlers, JSONHandler
from falcon.typing import AsyncReadableIO

from clickstream.clicks import Batch, InvalidClicks, what_is_wrong

MAX_BODY = 64 * 1024


class BatchHandler(BaseHandler):
    """Bytes to a `Batch`: what is not JSON is malformed, what is not a batch names its field."""

    def __init__(self, seconds: float, limit: int = MAX_BODY) -> None:
        self._decode = msgspec.json.Decoder(Batch).decode
        self._seconds = seconds
        self._limit = limit

    async def deserialize_async(
        self,
        stream: AsyncReadableIO,
        content_type: str | None,  # noqa: ARG002
        content_length: int | None,
    ) -> Batch:
        if content_length is not None and content_length > self._limit:
            raise _too_large(self._limit)
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._read(cast("AsyncIterable[bytes]", stream))
        except TimeoutError as error:
            raise falcon.HTTPError(falcon.HTTP_408, headers={"Connection": "close"}) from error
        try:
            return self._decode(body)
        except msgspec.ValidationError as error:
            raise InvalidClicks([what_is_wrong(error)]) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise falcon.MediaMalformedError("JSON") from error

    async def _read(self, stream: AsyncIterable[bytes]) -> bytearray:
        """Counted while it comes: a chunked body says no length."""
        body = bytearray()
        async for chunk in stream:
            body += chunk
            if len(body) > self._limit:
                raise _too_large(self._limit)
        return body


def _too_large(limit: int) -> falcon.HTTPContentTooLarge:
    # what is left of the body is not waited for
    return falcon.HTTPContentTooLarge(
        description=f"at most {limit} bytes are taken", headers={"Connection": "close"}
    )


def request_handlers(body_seconds: float) -> Handlers:
    """`sendBeacon` sends a text as text/plain, and other types only after asking (CORS): so both are JSON."""
    batches = BatchHandler(body_seconds)
    # not falcon.MEDIA_TEXT: that names a charset, and would take no other spelling of it
    return Handlers({falcon.MEDIA_JSON: batches, "text/plain": batches})


def response_handlers() -> Handlers:
    return Handlers({falcon.MEDIA_JSON: JSONHandler(dumps=msgspec.json.Encoder().encode)})

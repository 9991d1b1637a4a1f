"""Start order does not matter: whoever needs a server waits for it, but not for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

PAUSE = 0.5


class GaveUpError(Exception):
    """A server did not answer in time; says which, and its last error."""


async def patiently[T](
    what: str, attempt: Callable[[], Awaitable[T]], errors: tuple[type[Exception], ...], within: float
) -> T:
    deadline = time.monotonic() + within
    while True:
        try:
            return await attempt()
        except errors as error:
            if time.monotonic() > deadline:
                raise GaveUpError(f"{what} did not answer within {within:.0f} s: {error!r}") from error
        await asyncio.sleep(PAUSE)

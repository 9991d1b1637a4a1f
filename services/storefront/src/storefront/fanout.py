"""Asking many services at once for one page: what it needs, and what it can do without."""

import asyncio
import logging
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from storefront import recorder
from storefront.clients.errors import CallFailed, SignedOut

logger = logging.getLogger(__name__)

_BREACHES = (AttributeError, LookupError, TypeError, ValueError)


class Parts:
    """A task group whose failures a page can show.

        async with Parts() as parts:
            product = parts.need(catalog.product(id))         # its failure ends the others and is the page's
            reviews = parts.want("reviews", reviews.of(id))   # its failure is None, and said on the page
        trends = parts.spare("trends", insights.top())    # its failure is None, and nobody misses it
        product.result(), reviews.result()

    Deadlines are the calls' own, and the whole page's (recorder.py).
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._group.__aexit__(kind, error, trace)
        except BaseExceptionGroup as failures:
            # the first is what happened; the others were cancelled for it, or came too late to matter
            raise failures.exceptions[0] from None

    def need[T](self, asked: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        return self._group.create_task(asked)

    def want[T](self, part: str, asked: Coroutine[Any, Any, T]) -> asyncio.Task[T | None]:
        return self._group.create_task(_or_none(part, asked, said=True))

    def spare[T](self, part: str, asked: Coroutine[Any, Any, T]) -> asyncio.Task[T | None]:
        return self._group.create_task(_or_none(part, asked, said=False))


async def _or_none[T](part: str, asked: Coroutine[Any, Any, T], *, said: bool) -> T | None:
    try:
        return await asked
    except SignedOut:
        # the page goes on as for a guest
        return None
    except CallFailed as failure:
        logger.info("a page goes without a part", extra={"part": part, "reason": str(failure)})
    except _BREACHES:
        # an answer of another shape than its contract's; one part is not worth the page
        logger.exception("an answer could not be read", extra={"part": part})
    if said:
        recorder.current().lacks(part)
    return None

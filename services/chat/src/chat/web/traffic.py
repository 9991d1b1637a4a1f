"""What is in flight, and whether the server is going down: a request that was begun is finished."""

import asyncio
from contextlib import suppress


class Traffic:
    def __init__(self) -> None:
        self.draining = False
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self) -> None:
        self._requests += 1
        self._idle.clear()

    def end(self) -> None:
        self._requests -= 1
        if not self._requests:
            self._idle.set()

    async def idle(self, within: float) -> bool:
        """Whether all requests were answered in that time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._idle.wait()
        return not self._requests

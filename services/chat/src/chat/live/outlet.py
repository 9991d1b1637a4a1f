"""A client's end of all that is sent to it: bounded, in order, without a task of its own."""

import asyncio
from collections import deque
from collections.abc import Callable

# so long is waited for a client that reads history, and for one that does not read at all
_ROOM_SECONDS = 10.0


class Gone(Exception):
    """The client is not there any more."""


class Outlet:
    """What the connection takes at once is written at once; meanwhile frames wait here, `limit` at most. One
    more, and `too_slow` is called: memory is for those who read.
    """

    def __init__(
        self,
        write: Callable[[bytes], asyncio.Future[None]],
        limit: int,
        too_slow: Callable[[], None],
    ) -> None:
        self._write = write
        self._limit = limit
        self._too_slow = too_slow
        self._waiting: deque[bytes] = deque()
        self._writing: asyncio.Future[None] | None = None
        self._drained: asyncio.Event | None = None
        self.closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, frame: bytes) -> None:
        if self.closed:
            return
        if self._writing is None:
            self._begin(frame)
        elif len(self._waiting) < self._limit:
            self._waiting.append(frame)
        else:
            self.close()
            self._too_slow()

    async def room(self) -> None:
        """Until nothing waits: who sends much at once asks before each part. Gone when nobody reads it."""
        try:
            async with asyncio.timeout(_ROOM_SECONDS):
                while self._writing is not None and not self.closed:
                    self._drained = self._drained or asyncio.Event()
                    await self._drained.wait()
        except TimeoutError:
            self.close()
            self._too_slow()
        if self.closed:
            raise Gone

    def close(self) -> None:
        self.closed = True
        self._waiting.clear()
        self._wake()

    def _begin(self, data: bytes) -> None:
        try:
            written = self._write(data)
        except Gone:
            self.close()
            return
        if not written.done():
            self._writing = written
            written.add_done_callback(self._done)

    def _done(self, written: asyncio.Future[None]) -> None:
        self._writing = None
        if written.cancelled() or written.exception() is not None:
            self.close()
        elif self._waiting:
            # one write for all that waited
            data = b"".join(self._waiting)
            self._waiting.clear()
            self._begin(data)
        if self._writing is None:
            self._wake()

    def _wake(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None

"""One account's messages take their turns before they take a connection: an account that sends fifty at once
waits for itself, and not everybody for the fifty connections that wait for its lock.
"""

import asyncio
from uuid import UUID
from weakref import WeakValueDictionary


class Turns:
    def __init__(self) -> None:
        # a lock lives as long as somebody holds or awaits it
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    def of(self, account: UUID) -> asyncio.Lock:
        lock = self._locks.get(account)
        if lock is None:
            lock = self._locks[account] = asyncio.Lock()
        return lock

"""A shopper's tokens for one request, and how they are renewed without the shopper noticing.

identity rotates the refresh token with each use: the one before is good for 30 seconds more and then means
that it was stolen, which ends the session. So a process renews each token once at a time, and whoever
renews must be able to hand the browser the new cookies.
"""

import asyncio
from dataclasses import dataclass, field

from storefront.clients.errors import Refused
from storefront.clients.identity import Grant, Identity


class SessionEnded(Exception):
    """identity does not take the refresh token any more."""


class Refresher:
    """One renewal in flight for a token, whoever waits for it."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._flights: dict[str, asyncio.Task[Grant]] = {}

    async def refresh(self, token: str) -> Grant:
        """SessionEnded, or Unavailable when identity does not answer."""
        flight = self._flights.get(token)
        if flight is None:
            flight = asyncio.create_task(self._refresh(token))
            self._flights[token] = flight
            flight.add_done_callback(lambda _: self._flights.pop(token, None))
        # a browser that goes away must not stop the renewal that another of its requests waits for
        return await asyncio.shield(flight)

    async def _refresh(self, token: str) -> Grant:
        try:
            return await self._identity.refresh(token)
        except Refused as refusal:
            if refusal.status == 429:
                raise
            raise SessionEnded from refusal


@dataclass(slots=True)
class Tokens:
    """`access` is what calls are made with. `granted` and `ended` tell what the browser must be told."""

    access: str | None
    refresh: str | None
    refresher: Refresher
    # a stream has sent its headers: it can set no cookie any more, and must not rotate what the browser holds
    may_rotate: bool = True
    granted: Grant | None = field(default=None, init=False)
    ended: bool = field(default=False, init=False)

    async def renew(self, stale: str | None) -> bool:
        """True when there is another access token than the stale one."""
        if self.access is not None and self.access != stale:
            return True
        if self.refresh is None or not self.may_rotate:
            return False
        try:
            self.take(await self.refresher.refresh(self.refresh))
        except SessionEnded:
            self.drop()
            return False
        return True

    def take(self, grant: Grant) -> None:
        self.access, self.refresh = grant.access_token, grant.refresh_token
        self.granted, self.ended = grant, False

    def drop(self) -> None:
        self.access = self.refresh = self.granted = None
        self.ended = True

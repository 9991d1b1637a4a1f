"""What identity is asked, with chat's own token: names, and which sessions have ended."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from time import monotonic
from uuid import UUID

import httpx
from msgspec import Struct

from bazaar_shared.auth import ServiceTokens, TokenUnavailable
from chat.clients.cache import Cache
from chat.clients.http import ask, read
from chat.errors import Away

logger = logging.getLogger(__name__)

SECONDS = 2.0
# names are ornament: messages do not wait long for them, and not each of them
_NAME_SECONDS = 1.0
_KEPT_SECONDS = 60.0
_PAUSE_SECONDS = 10.0


class _Account(Struct):
    display_name: str


class _Ended(Struct):
    ended: list[UUID]


class Identity:
    def __init__(self, http: httpx.AsyncClient, tokens: ServiceTokens) -> None:
        self._http = http
        self._tokens = tokens
        self._names: Cache[UUID, str | None] = Cache(_KEPT_SECONDS)
        self._silent_until = 0.0

    async def names(self, accounts: Iterable[UUID]) -> Mapping[UUID, str | None]:
        """None for whom nobody knows any more, and for all while identity does not answer. Never stored."""
        wanted = set(accounts)
        known = {account: kept[0] for account in wanted if (kept := self._names.get(account))}
        missing = wanted - known.keys()
        if missing and monotonic() >= self._silent_until:
            try:
                async with asyncio.timeout(_NAME_SECONDS), asyncio.TaskGroup() as group:
                    asked = {account: group.create_task(self._name(account)) for account in missing}
                known |= {account: task.result() for account, task in asked.items()}
            except* (Away, TokenUnavailable, TimeoutError) as errors:
                self._silent_until = monotonic() + _PAUSE_SECONDS
                reason = repr(errors.exceptions[0])[:300]
                logger.warning("names are left out, identity does not answer", extra={"reason": reason})
        return {account: known.get(account) for account in wanted}

    async def _name(self, account: UUID) -> str | None:
        path = f"/api/identity/accounts/{account}"
        answer = await ask(
            self._http, "GET", path, route="/api/identity/accounts/{id}", token=await self._tokens.get()
        )
        name = None if answer.status_code == httpx.codes.NOT_FOUND else read(answer, _Account).display_name
        self._names.put(account, name)
        return name

    async def ended_among(self, sessions: Collection[str]) -> list[str]:
        path = "/api/identity/sessions/ended"
        body = {"session_ids": list(sessions)}
        answer = await ask(self._http, "POST", path, route=path, token=await self._tokens.get(), json=body)
        return [str(session) for session in read(answer, _Ended).ended]

"""Sessions that were ended: identity is asked about all that have a socket here, so that signing out closes
the sockets too, and not only the token's end.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from uuid import UUID

from bazaar_shared.auth import TokenUnavailable
from chat.clients.identity import Identity
from chat.errors import Away
from chat.metrics import SESSION_CHECKS

logger = logging.getLogger(__name__)

AT_ONCE = 500


class SessionWatch:
    def __init__(
        self,
        identity: Identity,
        here: Callable[[], Collection[str]],
        ended: Callable[[Iterable[str]], None],
        seconds: float,
    ) -> None:
        self._identity = identity
        self._here = here
        self._ended = ended
        self._seconds = seconds

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            sessions = sorted(self._here())
            for start in range(0, len(sessions), AT_ONCE):
                await self._ask(sessions[start : start + AT_ONCE])

    async def _ask(self, sessions: list[str]) -> None:
        """Identity away: sockets stay open, at most until their tokens end."""
        try:
            ended = await self._identity.ended_among(sessions)
        except (Away, TokenUnavailable) as error:
            SESSION_CHECKS.labels("failed").inc()
            logger.warning("identity cannot be asked about sessions", extra={"reason": repr(error)[:300]})
            return
        SESSION_CHECKS.labels("answered").inc()
        self._ended(ended)


def is_session_id(text: str | None) -> bool:
    """Identity's are UUIDs; another issuer's are not asked about."""
    try:
        return text is not None and bool(UUID(text))
    except ValueError:
        return False

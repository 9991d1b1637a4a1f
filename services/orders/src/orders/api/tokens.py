"""Tokens that were verified a moment ago. A shopper who watches an order sends one token many
times, and checking its signature is work that was done before.
"""

from collections import OrderedDict
from time import monotonic, time

from bazaar_shared.auth import AsyncTokenVerifier, Principal

# shorter than the cache of identity's keys: a key that is withdrawn is not believed any longer for this
_REMEMBERED_SECONDS = 60.0
_MOST = 4096


class RememberingVerifier:
    """Only good tokens are kept, none longer than it is valid, the least recently used goes first."""

    def __init__(self, verifier: AsyncTokenVerifier) -> None:
        self._verifier = verifier
        self._known: OrderedDict[str, tuple[float, Principal]] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        known = self._known.get(token)
        if known is not None and monotonic() < known[0]:
            self._known.move_to_end(token)
            return known[1]
        principal = await self._verifier.verify(token)
        valid_for = principal.expires_at.timestamp() - time()
        self._known[token] = (monotonic() + min(valid_for, _REMEMBERED_SECONDS), principal)
        self._known.move_to_end(token)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return principal

    async def aclose(self) -> None:
        await self._verifier.aclose()

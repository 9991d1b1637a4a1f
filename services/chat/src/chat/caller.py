"""Who asks: an account, by a token that was verified, and the stalls it works for."""

from dataclasses import dataclass
from uuid import UUID

from bazaar_shared.auth import Principal
from bazaar_shared.problems import Problem
from chat.clients.catalog import Catalog
from chat.conversations.listing import Viewer
from chat.errors import Away, Refusal
from chat.storage.tables import Conversation, Side

_SELLER = "seller"


@dataclass(frozen=True, slots=True)
class Caller:
    account_id: UUID
    principal: Principal
    # the token itself: other services are asked as the caller
    token: str
    by_cookie: bool

    @classmethod
    def of(cls, principal: Principal, token: str, *, by_cookie: bool) -> "Caller":
        try:
            return cls(UUID(principal.subject), principal, token, by_cookie)
        except ValueError:
            # a service's own token
            raise Refusal(Problem.of("forbidden", "only people talk here")) from None

    async def viewer(self, catalog: Catalog) -> Viewer:
        """The catalog says who works where. While it is away only those wait who are sellers by their role:
        shoppers do without it.
        """
        try:
            stalls = await catalog.stalls_of(self.account_id, self.token)
        except Away:
            if self.principal.has(_SELLER):
                raise
            stalls = frozenset()
        return Viewer(self.account_id, stalls)

    async def side_of(self, conversation: Conversation, catalog: Catalog) -> Side:
        """ConversationNotFound for strangers. Its own shopper needs no catalog."""
        if conversation.shopper_id == self.account_id:
            return Side.SHOPPER
        return (await self.viewer(catalog)).side_of(conversation)

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from zope.interface import Interface


class IConcealed(Interface):
    """Marks a resource whose existence is nobody's business: who may not `view` it is told 404, not 403."""


class NotAuthentic(Exception):
    """The token was not made by us, or is no longer good."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from. A service has neither account nor session."""

    subject: str
    roles: frozenset[str]
    account_id: UUID | None = None
    session_id: UUID | None = None

    @property
    def principals(self) -> frozenset[str]:
        """The names that ACLs grant permissions to."""
        roles = frozenset(f"role:{role}" for role in self.roles)
        return roles | {"person", f"account:{self.account_id}"} if self.account_id else roles


class IAuthenticator(Protocol):
    def authenticate(self, token: str) -> Identity:
        """Who the token speaks for; raises NotAuthentic."""

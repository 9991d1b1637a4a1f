from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AccessToken:
    token: str
    expires_in: int


class ISigningKeys(Protocol):
    def jwks(self) -> dict[str, Any]:
        """The public halves of all keys that a living token may be signed with, and of the next one."""


class ITokenIssuer(Protocol):
    def issue(self, subject: str, roles: Iterable[str], session_id: UUID | None = None) -> AccessToken:
        """A signed token that every service of the market can verify without asking us."""

    def verify(self, token: str) -> dict[str, Any]:
        """Its claims; raises NotAuthentic."""

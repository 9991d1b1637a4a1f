from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from identity.accounts.models import Account
from identity.security.interfaces import Identity
from identity.sessions.models import AccountSession, Ended
from identity.tokens.interfaces import AccessToken


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client gets for signing in, and for each refresh."""

    access: AccessToken
    refresh_token: str
    session_id: UUID


@dataclass(frozen=True, slots=True)
class SessionPage:
    sessions: list[AccountSession]
    next_cursor: str | None


class IPasswordCheck(Protocol):
    def sign_in(self, email: str, password: str, address: str) -> Account:
        """Whose these are; raises TooManyAttempts, or NotAuthenticated without saying what was wrong."""

    def confirm(self, account: Account, password: str, address: str) -> None:
        """That it is still the account's owner who asks; raises NotAllowed, TooManyAttempts."""


class ISessions(Protocol):
    def open(self, account: Account, user_agent: str | None) -> Grant:
        """A new session for somebody who has just shown their password."""

    def refresh(self, refresh_token: str) -> Grant:
        """The family's next token; raises NotAuthenticated, having ended the family for a reused one."""

    def identity_of(self, account_id: UUID, session_id: UUID) -> Identity | None:
        """Who a token speaks for while session and account are living, with the roles of today."""

    def living(self, identity: Identity, *, cursor: str | None, limit: int) -> SessionPage:
        """The caller's living sessions, newest first."""

    def ended(self, session_ids: Sequence[UUID]) -> list[UUID]:
        """Those that speak for nobody any more, or never did; each once, in the order asked for."""

    def by_id(self, session_id: UUID) -> AccountSession | None:
        """A living session."""

    def end(self, session: AccountSession, because: Ended) -> None:
        """The session's refresh tokens are worth nothing from now on."""

    def end_all(self, account_id: UUID, because: Ended) -> None:
        """All sessions of an account."""

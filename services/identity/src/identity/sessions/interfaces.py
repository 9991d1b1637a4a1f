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
        """Whose e-mail and password these are; raises NotAuthenticated (never saying which was wrong), TooManyAttempts."""

    def confirm(self, account: Account, password: str, address: str) -> None:
        """That it is still the account's owner who asks; raises NotAllowed, TooManyAttempts."""


class ISessions(Protocol):
    def open(self, account: Account, user_agent: str | None) -> Grant:
        """A new session for somebody who has just shown their password."""

    def refresh(self, refresh_token: str) -> Grant:
        """The next token of the family; raises NotAuthenticated, having ended the family if the token was reused."""

    def identity_of(self, subject: str, session_id: str) -> Identity | None:
        """Who a token speaks for while its session is living and its account active, with the roles of today."""

    def living(self, account_id: UUID, *, cursor: str | None, limit: int) -> SessionPage:
        """An account's living sessions, newest first."""

    def by_id(self, session_id: UUID) -> AccountSession | None:
        """A living session."""

    def end(self, session: AccountSession, because: Ended) -> None:
        """The session's refresh tokens are worth nothing from now on."""

    def end_all(self, account_id: UUID, because: Ended) -> None:
        """All sessions of an account."""

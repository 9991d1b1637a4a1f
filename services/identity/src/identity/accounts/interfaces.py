from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from identity.accounts.models import Account


class IPasswordHasher(Protocol):
    def hash(self, password: str) -> str:
        """A salted Argon2id hash with its parameters in it."""

    def verify(self, known: str | None, password: str) -> bool:
        """One verification for a known account and for `None`, which costs the same and is never right."""

    def is_outdated(self, known: str) -> bool:
        """Whether it was made with weaker parameters than today's."""


@dataclass(frozen=True, slots=True)
class AccountPage:
    accounts: list[Account]
    next_cursor: str | None


class IAccounts(Protocol):
    def register(self, email: str, password: str, display_name: str) -> Account:
        """A new shopper; raises FieldRefused or Conflict."""

    def by_email(self, email: str) -> Account | None:
        """The active account with this address."""

    def by_id(self, account_id: UUID) -> Account | None:
        """The active account with this id."""

    def page(self, *, role: str | None, q: str | None, cursor: str | None, limit: int) -> AccountPage:
        """Accounts, erased ones too, newest first."""

    def assign_roles(self, account_id: UUID, roles: list[str]) -> Account:
        """Exactly these roles; raises NotThere, or Conflict if no operator would be left."""

    def erase(self, account: Account) -> None:
        """Nothing personal is left but the id; raises Conflict if no operator would be left."""

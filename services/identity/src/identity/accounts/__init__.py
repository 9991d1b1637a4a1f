"""Accounts: signing up, roles, erasure."""

from typing import Any

from identity.accounts.interfaces import IAccounts, IPasswordHasher
from identity.accounts.passwords import Argon2Hasher
from identity.accounts.service import Accounts
from identity.clock import IClock


def accounts(_context: Any, request: Any) -> Accounts:
    return Accounts(
        request.db,
        request.find_service(IPasswordHasher, context=None),
        request.find_service(IClock, context=None),
    )


def includeme(config: Any) -> None:
    config.register_service(Argon2Hasher(), IPasswordHasher)
    config.register_service_factory(accounts, IAccounts)
    config.scan(".views")

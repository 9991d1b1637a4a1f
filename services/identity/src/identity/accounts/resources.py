"""What account routes are about. openapi.yaml names these factories beside each path."""

from typing import Any, ClassVar
from uuid import UUID

from pyramid.authorization import Allow, Everyone
from pyramid.httpexceptions import HTTPNotFound

from identity.accounts.interfaces import IAccounts
from identity.accounts.models import Account
from identity.security.interfaces import Identity


class AccountCollection:
    __acl__: ClassVar = [
        (Allow, Everyone, "sign-up"),
        (Allow, "role:operator", ("list", "assign-roles")),
    ]

    def __init__(self, request: Any) -> None:
        pass


class Nobody:
    """Stands where an account should be: it has no ACL, so nobody may do anything to it."""


def own_account(request: Any) -> Account | Nobody:
    """The caller's own account, which its own ACL opens to them and to nobody else."""
    identity: Identity | None = request.identity
    if identity is None or identity.account_id is None:
        return Nobody()
    accounts: IAccounts = request.find_service(IAccounts, context=None)
    return accounts.by_id(identity.account_id) or Nobody()


def account_by_id(request: Any) -> Account | Nobody:
    """Any active account: its ACL says to whom it may be shown, nobody else learns that it is there."""
    if request.identity is None:
        return Nobody()
    accounts: IAccounts = request.find_service(IAccounts, context=None)
    try:
        account = accounts.by_id(UUID(request.matchdict["account_id"]))
    except ValueError:
        account = None
    if account is None:
        raise HTTPNotFound("There is no such account.")
    return account

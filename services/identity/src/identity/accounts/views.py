from datetime import timedelta
from typing import Any

from pyramid.httpexceptions import HTTPNoContent
from pyramid.view import view_config, view_defaults

from bazaar_shared import pagination
from identity.accounts.interfaces import IAccounts
from identity.accounts.models import Account
from identity.accounts.resources import AccountCollection
from identity.sessions.interfaces import IPasswordCheck, ISessions
from identity.sessions.models import Ended
from identity.throttling.interfaces import Attempt, IThrottle, Limit
from identity.times import rfc3339

# Only a taken address counts: finding out who has an account is slow, opening one is not.
KNOWN_ADDRESSES = Limit("sign-up/address", burst=20, every=timedelta(seconds=30))


def shown(account: Account) -> dict[str, Any]:
    return {
        "id": str(account.id),
        "email": account.email,
        "display_name": account.display_name,
        "roles": account.roles,
        "state": account.state,
        "created_at": rfc3339(account.created_at),
    }


@view_defaults(route_name="accounts", openapi=True, renderer="json")
class AccountCollectionViews:
    def __init__(self, _context: AccountCollection, request: Any) -> None:
        self._request = request
        self._accounts: IAccounts = request.find_service(IAccounts, context=None)

    @view_config(request_method="POST", permission="sign-up")
    def sign_up(self) -> dict[str, Any]:
        body = self._request.openapi_validated.body
        throttle: IThrottle = self._request.find_service(IThrottle, context=None)
        with throttle.failures_of(Attempt(KNOWN_ADDRESSES, self._request.client_addr)):
            account = self._accounts.register(body["email"], body["password"], body["display_name"].strip())
        self._request.response.status = 201
        self._request.response.location = self._request.route_path("accounts.me")
        return shown(account)

    @view_config(request_method="GET", permission="list")
    def list(self) -> dict[str, Any]:
        query = self._request.openapi_validated.parameters.query
        page = self._accounts.page(
            role=query.get("role"), q=query.get("q"), cursor=query.get("cursor"), limit=query["limit"]
        )
        return pagination.page([shown(account) for account in page.accounts], page.next_cursor)


@view_config(
    route_name="accounts.one", request_method="GET", permission="view", openapi=True, renderer="json"
)
def show(account: Account, _request: Any) -> dict[str, Any]:
    return shown(account)


@view_config(
    route_name="accounts.roles",
    request_method="PUT",
    permission="assign-roles",
    openapi=True,
    renderer="json",
)
def assign_roles(_context: AccountCollection, request: Any) -> dict[str, Any]:
    accounts: IAccounts = request.find_service(IAccounts, context=None)
    validated = request.openapi_validated
    return shown(accounts.assign_roles(validated.parameters.path["account_id"], validated.body["roles"]))


@view_defaults(route_name="accounts.me", openapi=True)
class OwnAccountViews:
    def __init__(self, account: Account, request: Any) -> None:
        self._account = account
        self._request = request

    @view_config(request_method="GET", permission="view", renderer="json")
    def show(self) -> dict[str, Any]:
        return shown(self._account)

    @view_config(request_method="DELETE", permission="erase")
    def erase(self) -> HTTPNoContent:
        request = self._request
        check: IPasswordCheck = request.find_service(IPasswordCheck, context=None)
        check.confirm(self._account, request.openapi_validated.body["password"], request.client_addr)
        accounts: IAccounts = request.find_service(IAccounts, context=None)
        accounts.erase(self._account)
        sessions: ISessions = request.find_service(ISessions, context=None)
        sessions.end_all(self._account.id, Ended.ACCOUNT_ERASED)
        return HTTPNoContent()

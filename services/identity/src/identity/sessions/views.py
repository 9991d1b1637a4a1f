from typing import Any

from pyramid.httpexceptions import HTTPNoContent
from pyramid.view import view_config, view_defaults

from bazaar_shared import pagination
from identity.security.interfaces import Identity
from identity.sessions.interfaces import Grant, IPasswordCheck, ISessions
from identity.sessions.models import AccountSession, Ended
from identity.sessions.resources import SessionCollection
from identity.times import rfc3339


def shown(session: AccountSession, identity: Identity) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "current": session.id == identity.session_id,
        "user_agent": session.user_agent,
        "created_at": rfc3339(session.created_at),
        "last_refreshed_at": rfc3339(session.rotated_at),
        "expires_at": rfc3339(session.expires_at),
    }


def granted(grant: Grant) -> dict[str, Any]:
    return {
        "access_token": grant.access.token,
        "token_type": "Bearer",
        "expires_in": grant.access.expires_in,
        "refresh_token": grant.refresh_token,
        "session_id": str(grant.session_id),
    }


@view_defaults(route_name="sessions", openapi=True, renderer="json")
class SessionCollectionViews:
    def __init__(self, _context: SessionCollection, request: Any) -> None:
        self._request = request
        self._sessions: ISessions = request.find_service(ISessions, context=None)

    @view_config(request_method="POST", permission="sign-in")
    def sign_in(self) -> dict[str, Any]:
        request, body = self._request, self._request.openapi_validated.body
        check: IPasswordCheck = request.find_service(IPasswordCheck, context=None)
        account = check.sign_in(body["email"], body["password"], request.client_addr)
        grant = self._sessions.open(account, request.user_agent)
        request.response.status = 201
        return granted(grant)

    @view_config(request_method="GET", permission="list")
    def list(self) -> dict[str, Any]:
        identity: Identity = self._request.identity
        query = self._request.openapi_validated.parameters.query
        page = self._sessions.living(identity, cursor=query.get("cursor"), limit=query["limit"])
        return pagination.page([shown(session, identity) for session in page.sessions], page.next_cursor)


@view_config(
    route_name="sessions.refresh", request_method="POST", permission="refresh", openapi=True, renderer="json"
)
def refresh(_context: SessionCollection, request: Any) -> dict[str, Any]:
    sessions: ISessions = request.find_service(ISessions, context=None)
    return granted(sessions.refresh(request.openapi_validated.body["refresh_token"]))


@view_config(
    route_name="sessions.ended",
    request_method="POST",
    permission="ask-which-ended",
    openapi=True,
    renderer="json",
)
def ended(_context: SessionCollection, request: Any) -> dict[str, Any]:
    sessions: ISessions = request.find_service(ISessions, context=None)
    over = sessions.ended(request.openapi_validated.body["session_ids"])
    return {"ended": [str(session_id) for session_id in over]}


@view_config(route_name="sessions.current", request_method="DELETE", permission="end", openapi=True)
def sign_out(session: AccountSession, request: Any) -> HTTPNoContent:
    return _end(session, request, Ended.SIGNED_OUT)


@view_config(route_name="sessions.one", request_method="DELETE", permission="end", openapi=True)
def end(session: AccountSession, request: Any) -> HTTPNoContent:
    return _end(session, request, Ended.BY_OWNER)


def _end(session: AccountSession, request: Any, because: Ended) -> HTTPNoContent:
    sessions: ISessions = request.find_service(ISessions, context=None)
    sessions.end(session, because)
    return HTTPNoContent()

"""What session routes are about. openapi.yaml names these factories beside each path."""

from typing import Any, ClassVar
from uuid import UUID

from pyramid.authorization import Allow, Everyone
from pyramid.httpexceptions import HTTPNotFound

from identity.accounts.resources import Nobody
from identity.security.interfaces import Identity
from identity.sessions.interfaces import ISessions
from identity.sessions.models import AccountSession


class SessionCollection:
    """Anybody may sign in or refresh. A person lists their own; a service has none, and asks after others."""

    __acl__: ClassVar = [
        (Allow, Everyone, ("sign-in", "refresh")),
        (Allow, "person", "list"),
        (Allow, "role:service", "ask-which-ended"),
    ]

    def __init__(self, request: Any) -> None:
        pass


def current_session(request: Any) -> AccountSession | Nobody:
    identity: Identity | None = request.identity
    if identity is None or identity.session_id is None:
        return Nobody()
    return _living(request, identity.session_id) or Nobody()


def session_by_id(request: Any) -> AccountSession | Nobody:
    """Any living session: its ACL says whose it is, the forbidden view tells nobody else that it is there."""
    if request.identity is None:
        return Nobody()
    try:
        session = _living(request, UUID(request.matchdict["session_id"]))
    except ValueError:
        session = None
    if session is None:
        raise HTTPNotFound("There is no such session.")
    return session


def _living(request: Any, session_id: UUID) -> AccountSession | None:
    sessions: ISessions = request.find_service(ISessions, context=None)
    return sessions.by_id(session_id)

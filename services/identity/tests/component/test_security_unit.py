"""docs/adr/0011: what pyramid_tm would roll back, and what must not be."""

from typing import Any
from uuid import UUID

from identity.errors import NotAuthenticated
from identity.persistence import ISecurityUnit
from identity.sessions.models import AccountSession, Ended
from pyramid.security import NO_PERMISSION_REQUIRED
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session


def end(db: Session, request: Any) -> None:
    session_id = UUID(request.matchdict["session_id"])
    now = AccountSession.created_at
    ended = {"ended_at": now, "ended_because": Ended.TOKEN_REUSED}
    db.execute(update(AccountSession).where(AccountSession.id == session_id).values(ended))


def in_the_requests_transaction(request: Any) -> None:
    end(request.db, request)
    raise NotAuthenticated("refused")


def in_a_unit_of_its_own(request: Any) -> None:
    unit: ISecurityUnit = request.find_service(ISecurityUnit, context=None)
    with unit.begin() as db:
        end(db, request)
    raise NotAuthenticated("refused")


def with_both(config: Any) -> None:
    for name, view in (("plain", in_the_requests_transaction), ("security", in_a_unit_of_its_own)):
        config.add_route(name, f"/{name}/{{session_id}}")
        config.add_view(view, route_name=name, permission=NO_PERMISSION_REQUIRED)


def has_ended(engine: Engine, session_id: str) -> bool:
    with Session(engine) as db:
        return db.get_one(AccountSession, UUID(session_id)).ended_at is not None


def test_a_refusal_takes_the_requests_work_with_it_and_leaves_the_security_state(
    replica_with, engine: Engine
):
    identity = replica_with(with_both)
    ada = identity.person("ada@bazaar.example")

    identity.http.post(f"/plain/{ada.session_id}", status=401)
    assert not has_ended(engine, ada.session_id)

    identity.http.post(f"/security/{ada.session_id}", status=401)
    assert has_ended(engine, ada.session_id)

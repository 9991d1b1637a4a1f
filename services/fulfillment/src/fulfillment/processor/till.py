"""What a payment processor does: holds, takes and gives back money on a card, once for each idempotency
key.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.processor.models import Authorization, Charge, Request
from fulfillment.storage import Sessions

type Answer = tuple[int, dict[str, Any]]

GOOD_TOKENS = {
    "tok_approve",
    "tok_timeout",
    "tok_late",
    "tok_fail_once",
    "tok_capture_decline",
    "tok_capture_late",
}
FINAL = {200, 201, 402}  # "no such authorisation" may be otherwise tomorrow
REFUSED_TOKENS = {"tok_decline": "card_declined"}


class KeyReused(Exception):
    """The idempotency key came with another body."""


def once(database: Sessions, key: str, request: dict[str, Any], work: Callable[[Session], Answer]) -> Answer:
    """The stored answer for the key, or the work and its answer in one transaction; two at once run one
    after another.
    """
    fingerprint = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    with database.begin() as session:
        session.execute(
            insert(Request).values(idempotency_key=key, fingerprint=fingerprint).on_conflict_do_nothing()
        )
        stored = session.get_one(Request, key, with_for_update=True)
        if stored.fingerprint != fingerprint:
            raise KeyReused(key)
        if stored.status is not None:
            return stored.status, dict(stored.body or {})
        status, body = work(session)
        if status in FINAL:
            stored.status, stored.body = status, body
        return status, body


def count_try(database: Sessions, key: str, request: dict[str, Any]) -> int:
    """How often this key was tried, this time included; for the card whose first try fails."""
    fingerprint = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    with database.begin() as session:
        statement = insert(Request).values(idempotency_key=key, fingerprint=fingerprint, tries=1)
        return session.execute(
            statement.on_conflict_do_update(
                index_elements=[Request.idempotency_key], set_={"tries": Request.tries + 1}
            ).returning(Request.tries)
        ).scalar_one()


def authorize(session: Session, key: str, request: dict[str, Any]) -> Answer:
    found = lock(session, key)
    if found:  # a void was here before us
        return 402, {"status": found.status, "reason": found.reason or found.status}
    token = request["payment_token"]
    reason = REFUSED_TOKENS.get(token) or (None if token in GOOD_TOKENS else "unknown_token")
    authorization = _add(session, key, request, status="declined" if reason else "authorized", reason=reason)
    if reason:
        return 402, {"status": "declined", "reason": reason}
    return 201, {"status": "authorized", "authorization_id": authorization.authorization_id}


def capture(session: Session, key: str, request: dict[str, Any]) -> Answer:
    authorization = lock(session, key)
    if authorization is None:
        return 404, {"status": "unknown"}
    if authorization.status != "authorized":
        return 402, {"status": authorization.status, "reason": authorization.reason or authorization.status}
    if authorization.payment_token == "tok_capture_decline":  # noqa: S105 a test card's name
        authorization.capture_declined = "capture_declined"
        return 402, {"status": "declined", "reason": "capture_declined"}
    _charge(session, authorization, "capture", request["amount_minor"])
    return 200, {"status": "captured", "authorization_id": authorization.authorization_id}


def void(session: Session, key: str, request: dict[str, Any]) -> Answer:
    authorization = lock(session, key)
    if authorization is None:
        authorization = _add(session, key, request, status="voided", reason="voided")
    if _total(session, key, "capture"):
        return 409, {"status": "captured"}
    if authorization.status == "authorized":
        authorization.status = "voided"
    return 200, {"status": "voided", "authorization_id": authorization.authorization_id}


def refund(session: Session, key: str, request: dict[str, Any]) -> Answer:
    authorization = lock(session, key)
    if authorization is None:
        return 404, {"status": "unknown"}
    if _total(session, key, "capture") - _total(session, key, "refund") < request["amount_minor"]:
        return 409, {"status": "nothing to refund"}
    _charge(session, authorization, "refund", request["amount_minor"])
    return 200, {"status": "refunded", "authorization_id": authorization.authorization_id}


def look_up(session: Session, key: str) -> dict[str, Any] | None:
    found = session.get(Authorization, key)
    if found is None:
        return None
    return {
        "authorization_id": found.authorization_id,
        "order_id": found.order_id,
        "status": found.status,
        "reason": found.reason,
        "capture_declined": found.capture_declined,
        "captured_minor": _total(session, key, "capture"),
        "refunded_minor": _total(session, key, "refund"),
        "currency": found.currency,
    }


def lock(session: Session, key: str) -> Authorization | None:
    # by name, not by row: a void and a late authorisation of a key nobody knows yet must see each other
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    return session.get(Authorization, key, populate_existing=True)


def _add(
    session: Session, key: str, request: dict[str, Any], *, status: str, reason: str | None
) -> Authorization:
    authorization = Authorization(
        key=key,
        authorization_id=f"auth_{uuid4().hex}",
        order_id=request["order_id"],
        amount_minor=request["amount_minor"],
        currency=request["currency"],
        payment_token=request.get("payment_token", ""),
        status=status,
        reason=reason,
    )
    session.add(authorization)
    session.flush()
    return authorization


def _charge(session: Session, authorization: Authorization, kind: str, amount_minor: int) -> None:
    session.add(
        Charge(
            authorization_key=authorization.key,
            order_id=authorization.order_id,
            kind=kind,
            amount_minor=amount_minor,
            currency=authorization.currency,
        )
    )
    session.flush()


def _total(session: Session, key: str, kind: str) -> int:
    total = select(func.coalesce(func.sum(Charge.amount_minor), 0)).where(
        Charge.authorization_key == key, Charge.kind == kind
    )
    return int(session.execute(total).scalar_one())


def charges(session: Session, *, after: str, limit: int) -> list[dict[str, Any]]:
    """What was taken from whom, by order; every order the processor ever heard of is there, also those
    never charged.
    """
    orders = session.scalars(
        select(Authorization.order_id)
        .where(Authorization.order_id > after)
        .distinct()
        .order_by(Authorization.order_id)
        .limit(limit)
    ).all()
    return [_charge_of(session, order_id) for order_id in orders]


def _charge_of(session: Session, order_id: str) -> dict[str, Any]:
    moved = session.scalars(select(Charge).where(Charge.order_id == order_id)).all()
    asked = session.scalars(select(Authorization).where(Authorization.order_id == order_id)).all()
    captures = [charge.amount_minor for charge in moved if charge.kind == "capture"]
    return {
        "order_id": order_id,
        "captured_minor": sum(captures),
        "captures": len(captures),
        "refunded_minor": sum(charge.amount_minor for charge in moved if charge.kind == "refund"),
        "voided": any(authorization.status == "voided" for authorization in asked),
        "currency": asked[0].currency,
    }

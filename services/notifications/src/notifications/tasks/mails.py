"""One mail. RabbitMQ may say twice that it is due; its row's lease lets one worker have it at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from sqlalchemy import Row

from notifications.domain.intents import State, Template
from notifications.errors import NotWanted
from notifications.mails.draft import Draft
from notifications.mails.drafts import Cause
from notifications.mails.message import compose
from notifications.resources import Resources
from notifications.storage import pictures
from notifications.storage.tables import intents
from notifications.tasks.leased import Again, under_lease
from notifications.tasks.pictures import begin


@shared_task(bind=True, name="notifications.mails.send")
def send(self: Task, intent_id: str) -> str:
    """No `autoretry_for` here: when a mail is tried again stands in its row (ADR 0106)."""
    resources: Resources = self.app.resources
    return under_lease(resources, intents, UUID(intent_id), lambda row: _write_and_send(resources, row))


def _write_and_send(resources: Resources, row: Row[Any]) -> State | Again:
    resources.faults.at("claimed")
    account = resources.market.account(row.recipient)
    if account is None:
        raise NotWanted("the account was erased")
    draft = resources.drafts.write(Cause(Template(row.template), row.order_id, row.context), account)
    pngs, missing = _pictures(resources, draft)
    wait = _wait(resources, row, missing)
    if wait is not None:
        return wait
    message = compose(
        draft,
        account,
        sender=resources.settings.mail_from,
        message_id=row.message_id,
        cause=row.cause,
        written_at=row.created_at,
        public_url=resources.settings.public_url,
        pngs=pngs,
    )
    resources.postman.deliver(message)
    resources.faults.at("sent")
    return State.SENT


def _pictures(resources: Resources, draft: Draft) -> tuple[dict[UUID, bytes], dict[UUID, str]]:
    """What is drawn, and what may still be."""
    if not draft.pictures:
        return {}, {}
    with resources.engine.connect() as connection:
        pngs = pictures.found(connection, draft.pictures, draft.size)
        hopeless = pictures.refused(connection, draft.pictures)
    missing = {
        product_id: name
        for product_id, name in draft.pictures.items()
        if product_id not in pngs and product_id not in hopeless
    }
    return pngs, missing


def _wait(resources: Resources, row: Row[Any], missing: dict[UUID, str]) -> Again | None:
    """A little while, once; then the mail goes as it is. A picture adorns a mail, and holds none back."""
    now = datetime.now(UTC)
    until = row.pictures_until or now + timedelta(seconds=resources.settings.picture_wait_seconds)
    if not missing or now >= until:
        return None
    begin(resources, missing)
    return Again(until - now, {"pictures_until": until, "waits_for": sorted(set(missing.values()))})

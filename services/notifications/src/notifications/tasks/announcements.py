"""News for a stall: who works there is asked now, and each of them gets an intent of their own."""

from typing import Any
from uuid import UUID

from celery import Task, shared_task
from sqlalchemy import Row

from notifications.domain.intents import Announcement, State, Template, addressed
from notifications.errors import NotWanted
from notifications.resources import Resources
from notifications.storage.intents import keep
from notifications.storage.tables import announcements
from notifications.tasks.leased import under_lease


@shared_task(bind=True, name="notifications.announcements.address")
def address(self: Task, announcement_id: str) -> str:
    resources: Resources = self.app.resources
    return under_lease(
        resources, announcements, UUID(announcement_id), lambda row: _address(self, resources, row)
    )


def _address(task: Task, resources: Resources, row: Row[Any]) -> State:
    news = Announcement(
        id=row.id,
        cause=row.cause,
        template=Template(row.template),
        context=row.context,
        traceparent=row.traceparent,
    )
    staff = resources.market.staff(_seller(resources, news))
    if not staff:
        raise NotWanted("nobody works in this stall")
    # dying after this commit does no harm: the same staff finds the same intents there
    with resources.engine.begin() as connection:
        new = keep(connection, addressed(news, staff), resources.settings.mail_domain)
    for intent_id in new:
        task.app.send_task("notifications.mails.send", [str(intent_id)])
    return State.SENT


def _seller(resources: Resources, news: Announcement) -> UUID:
    if "seller_id" in news.context:
        return UUID(news.context["seller_id"])
    product_id = UUID(news.context["product_id"])
    product = resources.market.products([product_id]).get(product_id)
    if product is None:
        raise NotWanted("catalog does not know the product")
    return product.seller.id

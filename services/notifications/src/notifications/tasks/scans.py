"""What beat sends: each looks for rows, so that it may run twice, late, or on two workers at once."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Celery, Task, shared_task
from sqlalchemy import Row, Table, delete, func

from notifications.domain.intents import of_basket, of_day
from notifications.domain.timing import days_to_report
from notifications.resources import Resources
from notifications.storage import baskets, leases, pictures, sales
from notifications.storage.intents import announce, keep
from notifications.storage.tables import announcements, inbox, intents

logger = logging.getLogger(__name__)

_BATCH = 500
_HANDLED_FOR = timedelta(days=30)
_DRAWN_FOR = timedelta(days=30)
_TASKS = ((announcements, "notifications.announcements.address"), (intents, "notifications.mails.send"))


@shared_task(bind=True, name="notifications.scans.due")
def due(self: Task) -> int:
    """What is due and has no message: its time came again, or its message was never sent."""
    return sum(_send_due(self.app, self.app.resources, table, task) for table, task in _TASKS)


def _send_due(app: Celery, resources: Resources, table: Table, task: str) -> int:
    # sent before the commit: should this die, the rows are not marked and are found again
    with resources.engine.begin() as connection:
        rows = leases.forgotten(connection, table, _BATCH)
        for row in rows:
            app.send_task(task, [str(row.id)], headers=_trace(row))
    if rows:
        logger.info("found due", extra={"table": table.name, "rows": len(rows)})
    return len(rows)


def _trace(row: Row[Any]) -> dict[str, str]:
    """The scan is no part of an order's trace, but the mail is."""
    return {"traceparent": row.traceparent} if row.traceparent else {}


@shared_task(bind=True, name="notifications.scans.abandoned_baskets")
def abandoned_baskets(self: Task) -> int:
    resources: Resources = self.app.resources
    settings = resources.settings
    with resources.engine.begin() as connection:
        left = baskets.abandoned(connection, settings.abandoned_after)
        wanted = [of_basket(row.basket_id, row.contents_version, row.shopper_id) for row in left]
        new = keep(connection, wanted, settings.mail_domain)
    for intent_id in new:
        self.app.send_task("notifications.mails.send", [str(intent_id)])
    return len(new)


@shared_task(bind=True, name="notifications.scans.reports")
def reports(self: Task) -> int:
    """A report for each stall that sold or took back something on a day that is over."""
    resources: Resources = self.app.resources
    days = days_to_report(datetime.now(UTC), resources.settings.report_hour)
    with resources.engine.begin() as connection:
        wanted = [of_day(seller_id, day) for day in days for seller_id in sales.sellers(connection, day)]
        new = announce(connection, wanted)
    for announcement_id in new:
        self.app.send_task("notifications.announcements.address", [str(announcement_id)])
    return len(new)


@shared_task(bind=True, name="notifications.scans.housekeeping")
def housekeeping(self: Task) -> None:
    """Intents stay, for the books. What was handled long ago, and drawings, are forgotten."""
    resources: Resources = self.app.resources
    with resources.engine.begin() as connection:
        connection.execute(delete(inbox).where(inbox.c.handled_at < func.now() - _HANDLED_FOR))
        pictures.forget(connection, _DRAWN_FOR)

"""The handler for `run_consumer`: intents, read models and the inbox row are one transaction. After its
commit Celery is woken; a wake-up that gets lost is made up for by the scan.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg

from bazaar_shared.consumer import PermanentError, Record
from bazaar_shared.envelope import Event
from bazaar_shared.inbox import first_time
from notifications.domain.intents import Announcement, Intent, of_order, of_review
from notifications.events import read_models
from notifications.events.payloads import BasketData, OrderData, ReviewData, parsed

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    type Connection = asyncpg.Connection | PoolConnectionProxy

CONSUMER = "notifications"
TOPICS = ("orders.order", "basket.basket", "reviews.review")
DEAD_LETTERS = "dead-letter.notifications"

_KEEP_INTENT = """
insert into intents (
  id, cause, template, recipient, order_id, context, message_id, traceparent, state, last_error, done_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, case when $9 = 'pending' then null else now() end)
on conflict on constraint intents_once do nothing
"""
_KEEP_ANNOUNCEMENT = """
insert into announcements (id, cause, template, context, traceparent) values ($1, $2, $3, $4, $5)
on conflict on constraint announcements_once do nothing
"""

# what to look at, and in which trace
type Wake = Callable[[Intent | Announcement], None]


class IncomingEvents:
    def __init__(
        self,
        pool: asyncpg.Pool,
        mail_domain: str,
        news_max_age: timedelta,
        wake: Wake,
    ) -> None:
        self._pool = pool
        self._domain = mail_domain
        self._max_age = news_max_age
        self._wake = wake

    async def handle(self, event: Event, record: Record) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            if not await first_time(connection, CONSUMER, event.id):
                return
            news = await self._take(connection, event, record.topic)
        if news is not None:
            self._wake(news)

    async def _take(self, connection: "Connection", event: Event, topic: str) -> Intent | Announcement | None:
        match topic:
            case "orders.order":
                return await self._order(connection, event)
            case "basket.basket":
                await read_models.keep_basket(connection, parsed(BasketData, event), event)
                return None
            case "reviews.review":
                return await self._review(connection, event)
        raise PermanentError(f"nobody here knows {topic}")

    async def _order(self, connection: "Connection", event: Event) -> Intent | None:
        order = parsed(OrderData, event)
        await read_models.keep_order(connection, order, event)
        intent = of_order(order.order_id, order.shopper_id, order.status, event.traceparent)
        if intent is None:
            return None
        stale = self._is_stale(event.time)
        # kept also when nobody is told: that there was a cause can be audited
        state, reason = ("skipped", "happened too long ago") if stale else ("pending", None)
        kept = await connection.execute(
            _KEEP_INTENT,
            intent.id,
            intent.cause,
            intent.template,
            intent.recipient,
            intent.order_id,
            dict(intent.context),
            intent.message_id(self._domain),
            intent.traceparent,
            state,
            reason,
        )
        return intent if kept == "INSERT 0 1" and not stale else None

    async def _review(self, connection: "Connection", event: Event) -> Announcement | None:
        review = parsed(ReviewData, event)
        if review.status != "published" or self._is_stale(event.time):
            return None
        news = of_review(review.review_id, review.product_id, review.rating, event.traceparent)
        kept = await connection.execute(
            _KEEP_ANNOUNCEMENT, news.id, news.cause, news.template, dict(news.context), news.traceparent
        )
        return news if kept == "INSERT 0 1" else None

    def _is_stale(self, time: datetime) -> bool:
        return datetime.now(UTC) - time > self._max_age

"""What is on its way: orders at work, news of parcels, for baskets and for those who tell of orders, mails,
events. What is so for too long is a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tools.books import Books
from tools.combinations import BOUGHT, MAILS, PROGRESS, RESTING, status_of_parcels
from tools.faults import Fault
from tools.records import Basket, MailIntent, Order, Outbox, Parcel, Position, Sale, TrackedOrder

# in which books something moves, if not in orders'
BOOKS = {"mail": "notifications", "partition": "insights"}
# For so long the news of a parcel are only that: parcels go on by a clock of their own, see `Moving`.
FRESH = 30.0
OF_PARCELS = frozenset({"order_shipped", "order_delivered"})


@dataclass(frozen=True)
class Moving:
    """`seconds` since it began to wait; 0 where the order's last change does not say so. `by_parcels`: its
    saga has ended, only its parcels went on, which they do by a clock of their own.
    """

    id: str
    where: str
    seconds: float
    by_parcels: bool = False
    kind: str = "order"

    @property
    def subject(self) -> str:
        return f"{self.kind} {self.id}"


def at_work(before: Books, after: Books, now: datetime) -> Iterator[Moving]:
    """Orders that are not judged: they changed while the books were read, or their saga is at work."""
    for order in after.orders.values():
        if order.saga_state is None:
            continue  # nothing will ever move it
        earlier = before.orders.get(order.id)
        if where := _where(earlier, order):
            seconds = 0.0 if order.saga_state in RESTING else _since(order.updated_at, now)
            yield Moving(order.id, where, seconds, _went_on(earlier, order))


def _where(earlier: Order | None, order: Order) -> str | None:
    now = f"{order.status}/{order.saga_state}"
    if earlier is None:
        return f"{now}, placed while the books were read"
    if earlier != order:
        return f"{earlier.status}/{earlier.saga_state} → {now} while the books were read"
    return None if order.saga_state in RESTING else now


def _went_on(earlier: Order | None, order: Order) -> bool:
    if earlier is None or earlier.saga_state != order.saga_state:
        return False
    return PROGRESS.get(earlier.status, 9) < PROGRESS.get(order.status, -1)


def awaiting_news(
    orders: Iterable[Order], parcels: Mapping[str, list[Parcel]], now: datetime
) -> Iterator[Moving]:
    """Resting orders, judged as they are, whose parcels have gone further than the order has heard of."""
    for order in orders:
        if order.status in PROGRESS:
            own = parcels.get(order.id, ())
            news = status_of_parcels([parcel.status for parcel in own])
            if PROGRESS[news] > PROGRESS[order.status]:
                where = f"{order.status}, its parcels are {news}: the news is on its way"
                yield Moving(order.id, where, _since(_news_of(order, own), now))


def _news_of(order: Order, parcels: Iterable[Parcel]) -> datetime:
    """When they went ahead of the order: "shipped" with the first that left, "delivered" with the last."""
    moved = [parcel.updated_at for parcel in parcels if parcel.status in {"in_transit", "delivered"}]
    return min(moved) if order.status == "confirmed" else max(moved)


def awaiting_baskets(
    orders: Iterable[Order], baskets: Mapping[str, Basket], now: datetime
) -> Iterator[Moving]:
    """Bought orders whose basket is not closed by them: it has not heard of the order yet."""
    for order in orders:
        basket = baskets.get(order.basket_id or "")
        if order.status in BOUGHT and basket and basket.order_id != order.id:
            where = f"{order.status}, its basket is {basket.status}: the news is on its way"
            yield Moving(order.id, where, _since(order.updated_at, now))


def awaiting_mails(
    orders: Iterable[Order], mails: Mapping[str, Sequence[MailIntent]], now: datetime
) -> Iterator[Moving]:
    """Orders whose shopper is to be told something, and it is not even meant yet."""
    for order in orders:
        meant = {mail.template for mail in mails.get(order.id, ())}
        needed = MAILS[order.status].needed if order.status in MAILS else frozenset()
        if missing := sorted(needed - meant):
            where = f"{order.status}, no mail yet: {', '.join(missing)}"
            yield _awaiting(order, where, now, by_parcels=OF_PARCELS.issuperset(missing))


def unsent_mails(mails: Iterable[MailIntent], now: datetime) -> Iterator[Moving]:
    for mail in mails:
        if mail.state == "pending":
            seconds = _since(mail.created_at, now) if mail.created_at else 0.0
            young = mail.created_at is not None and seconds < FRESH and mail.template in OF_PARCELS
            where = f"{mail.template} for {mail.cause}, pending after {mail.attempts} attempts"
            yield Moving(mail.id, where, seconds, young, "mail")


def awaiting_insights(
    orders: Iterable[Order], sales: Mapping[str, Sequence[Sale]], behind: Sequence[Moving], now: datetime
) -> Iterator[Moving]:
    """Bought orders that insights does not count, or refunded ones that it still does. None is late while
    insights is `behind` with what it has consumed: after a restart that takes minutes.
    """
    for order in orders:
        if order.status in BOUGHT and (missing := _uncounted(order, sales.get(order.id, ()))):
            moving = _awaiting(order, f"{order.status}, insights {missing}", now)
            yield replace(moving, seconds=0.0) if behind else moving


def _uncounted(order: Order, sales: Sequence[Sale]) -> str | None:
    counted = sum(sale.amount_minor for sale in sales)
    if counted < order.total_minor:
        return f"counts {counted} of {order.total_minor} yet"
    if order.status == "refunded" and any(sale.state != "refunded" for sale in sales):
        return "has not heard of the refund yet"
    return None


def unconsumed(positions: Iterable[Position]) -> Iterator[Moving]:
    for each in positions:
        if (left := each.end - each.consumed) > 0:
            yield Moving(f"{each.topic}/{each.partition}", f"{left} not consumed yet", 0.0, kind="partition")


def awaiting_tracking(
    orders: Iterable[Order], tracked: Mapping[str, TrackedOrder], now: datetime
) -> Iterator[Moving]:
    for order in orders:
        known = tracked.get(order.id)
        if known is None or known.version < order.version:
            seen = f"{known.status} (version {known.version})" if known else "nothing"
            by_parcels = known is not None and order.status in PROGRESS
            yield _awaiting(order, f"{order.status}, chat shows {seen} yet", now, by_parcels=by_parcels)


def _awaiting(order: Order, where: str, now: datetime, *, by_parcels: bool = False) -> Moving:
    seconds = _since(order.updated_at, now)
    return Moving(order.id, where, seconds, by_parcels and seconds < FRESH)


def _since(moment: datetime, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds())


# --- for too long ---------------------------------------------------------------------------------


def stuck(moving: Iterable[Moving], overdue: float) -> Iterator[Fault]:
    for each in moving:
        if each.seconds > overdue:
            found = f"{each.where}, {each.seconds:.0f} s"
            yield Fault("moving for too long", each.subject, BOOKS.get(each.kind, "orders"), "an end", found)


def stuck_events(outboxes: Iterable[Outbox], overdue: float) -> Iterator[Fault]:
    for outbox in outboxes:
        if outbox.oldest_age_seconds > overdue:
            found = f"{outbox.unsent} unsent, the oldest for {outbox.oldest_age_seconds:.0f} s"
            database = outbox.database
            yield Fault("events wait for too long", f"outbox {database}", database, "sent", found)

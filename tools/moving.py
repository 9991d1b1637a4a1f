"""What is on its way: orders at work, news of parcels and for baskets, events. What is so for too long is a
fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tools.books import Basket, Books, Order, Outbox, Parcel
from tools.combinations import BOUGHT, PROGRESS, RESTING, status_of_parcels
from tools.faults import Fault


@dataclass(frozen=True)
class Moving:
    """`seconds` since it began to wait; 0 where the order's last change does not say so. `by_parcels`: its
    saga has ended, only its parcels went on, which they do by a clock of their own.
    """

    order_id: str
    where: str
    seconds: float
    by_parcels: bool = False


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


def _since(moment: datetime, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds())


# --- for too long ---------------------------------------------------------------------------------


def stuck_orders(moving: Iterable[Moving], overdue: float) -> Iterator[Fault]:
    for each in moving:
        if each.seconds > overdue:
            found = f"{each.where}, {each.seconds:.0f} s"
            yield Fault("moving for too long", f"order {each.order_id}", "orders", "an end", found)


def stuck_events(outboxes: Iterable[Outbox], overdue: float) -> Iterator[Fault]:
    for outbox in outboxes:
        if outbox.oldest_age_seconds > overdue:
            found = f"{outbox.unsent} unsent, the oldest for {outbox.oldest_age_seconds:.0f} s"
            database = outbox.database
            yield Fault("events wait for too long", f"outbox {database}", database, "sent", found)

"""The tables. Each value says what is so, never by how much something changed: written twice it is the same
(ADR 0117). What is added up is derived level by level: ids and amounts of a minute, minutes of a day, days
of a seller.

A key that is made of two parts stands in the partition of the first one's key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from faust.types.tables import TableT
from faust.types.tables import WindowWrapperT as Windowed

from insights.acknowledged import Insights
from insights.buckets import TRENDING_STEP, TRENDING_WINDOW
from insights.records import ProductClick
from insights.topology import PARTITIONS


@dataclass(frozen=True, slots=True)
class Tables:
    # order → {minute, late, currency, refunded, sales: {seller: amount}}
    orders: TableT[str, Any]
    # seller|minute, seller|late|day → {order: [amount, state, currency]}
    sale_minutes: TableT[str, Any]
    # seller|day → {minute or "late": [orders, revenue]}
    sale_days: TableT[str, Any]
    # seller → {day: [orders, revenue]}
    sellers: TableT[str, Any]
    # product|minute → {click: kind}
    click_minutes: TableT[str, Any]
    # product → for each window {minute: [views, adds, buys]}
    trending: Windowed
    # session → [minute of the first click, steps]
    sessions: TableT[str, Any]
    # partition|minute → {session: steps}
    session_minutes: TableT[str, Any]
    # partition|hour → {minute: [sessions, views, searches, adds, buys]}
    session_hours: TableT[str, Any]
    # basket → {version, open, touched, lines, total_minor, currency}
    baskets: TableT[str, Any]
    # shopper → {order: time}, those of the last minutes
    shoppers: TableT[str, Any]
    # order → {rule: the alert's data}
    alerts: TableT[str, Any]

    @classmethod
    def of(cls, app: Insights) -> "Tables":
        def table(name: str, default: Callable[[], Any] = dict) -> Any:
            return app.Table(name, default=default, key_type=str, partitions=PARTITIONS)

        return cls(
            orders=table("orders"),
            sale_minutes=table("sale-minutes"),
            sale_days=table("sale-days"),
            sellers=table("sellers"),
            click_minutes=table("click-minutes"),
            # no `expires`: Faust notes each write of a key for it in memory, and forgets all that at a
            # restart. `expiry.py` does it for all tables whose keys are times.
            trending=table("trending")
            .hopping(TRENDING_WINDOW, TRENDING_STEP)
            .relative_to_field(ProductClick.at),
            sessions=table("sessions", list),
            session_minutes=table("session-minutes"),
            session_hours=table("session-hours"),
            baskets=table("baskets"),
            shoppers=table("shoppers"),
            alerts=table("alerts"),
        )


def key(*parts: str | int) -> str:
    return "|".join(str(part) for part in parts)

"""What the tables answer: each function one share, of the partitions that this worker has, and how shares of
several workers become one answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from insights.buckets import (
    HOUR,
    MINUTE,
    TRENDING_STEP,
    TRENDING_WINDOW,
    last_minutes,
    sealed_before,
    start,
)
from insights.streams.clicks import STEPS
from insights.streams.products import score
from insights.streams.sales import counted, summed
from insights.tables import Tables, key
from insights.topology import PARTITIONS

type Share = dict[str, Any]


def rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


# --- trending: the window that began longest ago of those that are open now


def trending_share(tables: Tables, now: float, limit: int) -> Share:
    begin = start(now, TRENDING_STEP) - TRENDING_WINDOW + TRENDING_STEP
    products = [
        _product(product, list(minutes.values()))
        for (product, window), minutes in tables.trending.table.items()
        if window[0] == begin
    ]
    return {"items": _best(products, limit)}


def trending(shares: Iterable[Share], now: float, limit: int) -> dict[str, Any]:
    items = _best([item for share in shares for item in share["items"]], limit)
    return {"items": items, "window_seconds": TRENDING_WINDOW, "as_of": rfc3339(now)}


def _product(product: str, minutes: list[list[int]]) -> dict[str, Any]:
    counts = summed(minutes) if minutes else [0, 0, 0]
    views, adds, buys = counts
    return {"product_id": product, "score": score(counts), "views": views, "adds": adds, "buys": buys}


def _best(products: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    return sorted(products, key=lambda product: (-product["score"], product["product_id"]))[:limit]


# --- a seller's revenue: all of it is on one worker


def revenue(tables: Tables, seller_id: str, now: float, minutes: int, currency: str) -> dict[str, Any]:
    orders, amount = summed(tables.sellers[seller_id].values())
    return {
        "seller_id": seller_id,
        "currency": currency,
        "as_of": rfc3339(now),
        "sealed_before": rfc3339(sealed_before(now)),
        "minutes": list(_minutes(tables, seller_id, last_minutes(now, minutes))),
        "total": {"orders": orders, "revenue_minor": amount},
    }


def _minutes(tables: Tables, seller_id: str, starts: Iterable[int]) -> Iterator[dict[str, Any]]:
    for minute in starts:
        orders, amount = counted(tables.sale_minutes[key(seller_id, minute)])
        yield {"minute": rfc3339(minute), "orders": orders, "revenue_minor": amount}


# --- the funnel


def funnel_share(tables: Tables, now: float, hours: int) -> Share:
    since = start(now, MINUTE) - hours * HOUR
    reached = [
        counts
        for hour in range(start(since, HOUR), int(now) + 1, HOUR)
        for partition in range(PARTITIONS)
        for minute, counts in tables.session_hours[key(partition, hour)].items()
        if int(minute) > since
    ]
    return {"reached": summed(reached) if reached else [0] * (len(STEPS) + 1)}


def funnel(shares: Iterable[Share], now: float, hours: int) -> dict[str, Any]:
    sessions, *reached = summed([share["reached"] for share in shares])
    steps = [
        {"step": step, "sessions": count, "share": round(count / sessions, 4) if sessions else 0.0}
        for step, count in zip(STEPS, reached, strict=True)
    ]
    return {"hours": hours, "steps": steps, "as_of": rfc3339(now)}


# --- baskets


def baskets_share(tables: Tables, now: float, minutes: int) -> Share:
    opened = [basket for basket in tables.baskets.values() if basket["open"]]
    left = [basket for basket in opened if basket["touched"] <= now - minutes * 60]
    value = sum(basket["total_minor"] for basket in left)
    return {"open": len(opened), "abandoned": len(left), "abandoned_value_minor": value}


def baskets(shares: Iterable[Share], currency: str) -> dict[str, Any]:
    shares = list(shares)
    return {name: sum(share[name] for share in shares) for name in shares[0]} | {"currency": currency}


# --- alerts


def alerts_share(tables: Tables, limit: int, before: Mapping[str, Any] | None) -> Share:
    """One more than asked for: so it is known whether there are more."""
    found = [alert for order in tables.alerts.values() for alert in order.values()]
    if before is not None:
        found = [alert for alert in found if _place(alert) < (before["at"], before["alert_id"])]
    return {"items": _newest(found, limit + 1)}


def alerts(shares: Iterable[Share], limit: int) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The page, and the place after which the next one begins."""
    found = _newest([alert for share in shares for alert in share["items"]], limit + 1)
    page = found[:limit]
    after = {"at": page[-1]["at"], "alert_id": page[-1]["alert_id"]} if len(found) > limit else None
    return page, after


def _newest(found: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    return sorted(found, key=_place, reverse=True)[:limit]


def _place(alert: Mapping[str, Any]) -> tuple[str, str]:
    return alert["at"], alert["alert_id"]

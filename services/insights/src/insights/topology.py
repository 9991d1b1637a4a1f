"""Every topic that insights needs, by its name: nobody makes one because somebody used it (ADR 0116).

Tables are split as the topics they are made of, so all have the same number of partitions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PARTITIONS = 6

DAY_MS = 24 * 3600 * 1000

_KEPT = {"cleanup.policy": "compact"}
# a compacted topic keeps the last value of every key for ever; these keys are times, and end
_A_DAY = {"cleanup.policy": "compact,delete", "retention.ms": str(DAY_MS)}
_EIGHT_DAYS = {"cleanup.policy": "compact,delete", "retention.ms": str(8 * DAY_MS)}

TABLES: Mapping[str, Mapping[str, str]] = {
    "orders": _KEPT,
    "sale-minutes": _KEPT,
    "sale-days": _KEPT,
    "sellers": _KEPT,
    "baskets": _KEPT,
    "alerts": _KEPT,
    "shoppers": _A_DAY,
    "click-minutes": _A_DAY,
    "trending": _A_DAY,
    "sessions": _EIGHT_DAYS,
    "session-minutes": _EIGHT_DAYS,
    "session-hours": _EIGHT_DAYS,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    name: str
    partitions: int = PARTITIONS
    config: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "partitions": self.partitions, "config": dict(self.config)}


class Topology:
    def __init__(self, prefix: str = "") -> None:
        """`prefix` stands before all names: several markets, or tests, on one broker."""
        # the consumer's group as well
        self.app_id = f"{prefix}insights"
        self.orders = f"{prefix}orders.order"
        self.clicks = f"{prefix}clicks"
        self.baskets = f"{prefix}basket.basket"
        self.alerts = f"{prefix}insights.alert"
        self.dead_letters = f"{prefix}dead-letter.insights"
        # what insights says to itself under another key: a stream is split by its key, and a table with it
        self.sales = f"{self.app_id}-sales"
        self.placed = f"{self.app_id}-placed"
        self.product_clicks = f"{self.app_id}-product-clicks"
        # dead letters on their way back
        self.replayed = f"{self.app_id}-replayed"

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.orders, self.clicks, self.baskets)

    def changelog(self, table: str) -> str:
        return f"{self.app_id}-{table}-changelog"

    def derived(self) -> Iterator[Wanted]:
        """Those that `reset` empties, for they come again from the sources."""
        for name in (self.sales, self.placed, self.product_clicks):
            yield Wanted(name, config=_deleted(7))
        for table, config in TABLES.items():
            yield Wanted(self.changelog(table), config=config)

    def kept(self) -> Iterator[Wanted]:
        """Those that come again from nowhere."""
        for name in self.sources:
            yield Wanted(name)
        yield Wanted(self.alerts, config={"cleanup.policy": "delete", "retention.ms": "-1"})
        yield Wanted(self.dead_letters, config=_deleted(30))
        yield Wanted(self.replayed, config=_deleted(7))

    def all(self) -> Iterator[Wanted]:
        yield from self.kept()
        yield from self.derived()


def _deleted(days: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(days * DAY_MS)}

"""A history of orders, and the sums that follow from it by the simplest of means."""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.events import line, new_id, order


@dataclass
class History:
    events: list[dict[str, Any]] = field(default_factory=list)
    # (order, seller) → (amount, state)
    books: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    @property
    def totals(self) -> dict[str, dict[str, int]]:
        sums: dict[str, dict[str, int]] = defaultdict(lambda: {"orders": 0, "revenue_minor": 0})
        for (_, seller), (amount, state) in self.books.items():
            if state == "counted":
                sums[seller]["orders"] += 1
                sums[seller]["revenue_minor"] += amount
        return dict(sums)


def history(count: int, sellers: list[str], seed: int) -> History:
    """Of ten orders seven stay, one is cancelled, one refunded, one keeps its parcel: it is told as
    confirmed again. Each event may stand on the topic twice, as a relay that was killed leaves them.
    """
    chance, made = random.Random(seed), History()
    begin = datetime.now(UTC) - timedelta(minutes=20)
    for number in range(count):
        ids = {"order_id": new_id(), "shopper_id": new_id()}
        chosen = chance.sample(sellers, chance.randint(1, 2))
        lines = [line(seller, chance.randint(100, 9000)) for seller in chosen for _ in range(2)]
        fate = ("cancelled", "refunded", "parcel_left", *["confirmed"] * 7)[number % 10]
        stages = {
            "cancelled": ["pending", "cancelled"],
            "refunded": ["pending", "confirmed", "refunding", "refunded"],
            "parcel_left": ["pending", "confirmed", "refunding", "confirmed", "shipped"],
            "confirmed": ["pending", "confirmed"],
        }[fate]
        for version, status in enumerate(stages, start=1):
            time = begin + timedelta(milliseconds=200 * number + version)
            event = order(status, lines, **ids, version=version, time=time)
            made.events += [event] * (2 if chance.random() < 0.05 else 1)
        if fate != "cancelled":
            for seller in chosen:
                amount = sum(each["line_total_minor"] for each in lines if each["seller_id"] == seller)
                made.books[ids["order_id"], seller] = (
                    amount,
                    "refunded" if fate == "refunded" else "counted",
                )
    return made

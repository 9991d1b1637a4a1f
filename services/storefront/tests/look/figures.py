"""A stall's figures: busy, quiet and away; the market's for operators."""

from datetime import timedelta
from types import SimpleNamespace as Some
from typing import Any

from storefront.viewmodels.insights import Minute, Revenue

from tests.look.goods import NOON, OLGA, STELLA, newest, picks, stalls, surroundings

TRENDING = [
    Some(card=card, trend=Some(views=90 - 7 * number, adds=12 - number, buys=number % 3))
    for number, card in enumerate([*picks[:3], newest[1]])
]
for _each in TRENDING:
    _each.card.stall_slug = "camellia-and-kettle"


def revenue(sold: dict[int, tuple[int, int]], total: tuple[int, int]) -> Revenue:
    minutes = [
        Minute(NOON + timedelta(minutes=number), *sold.get(number, (0, 0)), sealed=number < 57)
        for number in range(60)
    ]
    return Revenue("EUR", NOON + timedelta(minutes=60), tuple(minutes), *total)


BUSY = revenue({n: (n % 4 + 1, (n * 37 % 11 + 1) * 730) for n in range(2, 60, 3)}, (412, 1_834_520))
QUIET = revenue({}, (0, 0))


def dashboard(shown: Revenue | None, **other: Any) -> dict[str, Any]:
    plain = {
        "stall": stalls[0],
        "stalls": stalls[:1],
        "revenue": shown,
        "trending": TRENDING,
        "again": "/dashboard/camellia-and-kettle",
    }
    return surroundings("/dashboard/x", "Camellia & Kettle", visitor=STELLA) | plain | other


def overview(**other: Any) -> dict[str, Any]:
    plain = {"stalls": stalls, "funnel": None, "abandoned": None, "alerts": None}
    return surroundings("/dashboard", "Dashboard", visitor=OLGA) | plain | other


_STEPS = [
    ("looked at something", 840, 100.0),
    ("put something into the basket", 210, 25.0),
    ("bought", 84, 10.0),
]
FUNNEL = Some(
    hours=24,
    steps=[Some(label=label, sessions=sessions, percent=percent) for label, sessions, percent in _STEPS],
)
ALERTS = [
    Some(order_number="9F2C61A0", rule="large_order", severity="warning", tone="wait", at=NOON,
         detail="€2,430.00 is 14 times what this market's orders come to."),
    Some(order_number="77AB0C12", rule="many_orders", severity="critical", tone="bad", at=NOON,
         detail="The ninth order of one shopper within ten minutes."),
]  # fmt: skip
FIGURES: list[tuple[str, str, dict[str, Any]]] = [
    ("figures", "stall_dashboard.html", dashboard(BUSY)),
    ("figures-of-operator", "stall_dashboard.html", dashboard(BUSY, visitor=OLGA, stalls=stalls)),
    ("figures-quiet", "stall_dashboard.html", dashboard(QUIET, trending=[])),
    ("figures-away", "stall_dashboard.html", dashboard(None, trending=[], missing=["figures"])),
    ("figures-fragment", "_figures.html", dashboard(BUSY)),
    ("dashboard", "dashboard.html", overview(visitor=STELLA, stalls=stalls[:2])),
    ("dashboard-none", "dashboard.html", overview(visitor=STELLA, stalls=[])),
    (
        "dashboard-of-operator",
        "dashboard.html",
        overview(
            funnel=FUNNEL,
            abandoned=Some(open=31, abandoned=4, value_minor=18250, currency="EUR"),
            alerts=ALERTS,
        ),
    ),
    ("dashboard-calm", "dashboard.html", overview(funnel=FUNNEL, alerts=[])),
    ("dashboard-away", "dashboard.html", overview(missing=["figures"])),
]

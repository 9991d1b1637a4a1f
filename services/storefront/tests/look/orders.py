"""A checkout, and orders on every way they can go."""

from datetime import timedelta
from types import SimpleNamespace as Some
from typing import Any

from tests.look.goods import LONG, NOON, QUESTION, SAM, card, form, full_basket, surroundings

ADDRESS = {
    "name": "Sam Shopper",
    "line1": "Am Speicher XI 8",
    "line2": "",
    "postal_code": "28217",
    "city": "Bremen",
    "country": "DE",
}
COUNTRIES = [("AT", "Austria"), ("DE", "Germany"), ("FR", "France"), ("SE", "Sweden")]
CARDS = [
    ("tok_ok", "A card that pays", "The order goes through."),
    ("tok_declined", "A card that is declined", "The saga takes back what it reserved."),
    ("tok_slow", "A card whose bank is slow", "Watch the steps wait, and time not run out."),
]


def checkout(**other: Any) -> dict[str, Any]:
    plain = {
        "basket": full_basket,
        "form": form(**ADDRESS, card=""),
        "countries": COUNTRIES,
        "cards": CARDS,
        "idempotency_key": "3f1c",
        "problem": None,
    }
    return surroundings("/checkout", "Check out", visitor=SAM) | plain | other


def step(
    key: str,
    label: str,
    service: str,
    framework: str,
    state: str = "done",
    ms: int | None = None,
    detail: str = "",
) -> Some:
    return Some(
        key=key,
        label=label,
        service=service,
        framework=framework,
        state=state,
        ms=ms,
        detail=detail or None,
        source_url=f"/source/services/{service}/{key}.py",
    )


def journey(*states: str) -> list[Some]:
    """States of the five steps, then of those that take something back."""
    plan = [
        ("place", "Order written down", "orders", "FastAPI", 9, ""),
        ("reserve", "Goods set aside at four stalls", "fulfillment", "Nameko", 41, ""),
        ("authorize", "Money set aside on the card", "fulfillment", "Nameko", 388, "Asked 2 times."),
        ("book", "Parcels booked", "fulfillment", "Nameko", 35, ""),
        ("capture", "Card charged", "fulfillment", "Nameko", 120, ""),
        ("release", "Goods put back", "fulfillment", "Nameko", 22, ""),
    ]
    made = []
    for (key, label, service, framework, ms, detail), state in zip(plan, states, strict=False):
        timed = ms if state in ("done", "failed", "undone") else None
        said = "The card was declined." if state == "failed" else detail
        made.append(step(key, label, service, framework, state, timed, said))
    return made


def order(status: str, label: str, tone: str, steps: list[Some], ended: bool, **other: Any) -> dict[str, Any]:
    lines = [
        Some(
            name=each.name,
            url=each.url,
            picture_url=each.picture_url,
            quantity=each.quantity,
            unit_price_minor=each.unit_price_minor,
            line_total_minor=each.line_total_minor,
            may_review=status == "delivered",
        )
        for each in full_basket.lines
    ]
    parcels = [
        Some(stall_name=name, status="in_transit", status_label="On its way", tracking_code=f"BZ{n}0417733DE")
        for n, name in enumerate(["Camellia & Kettle", "The Paper Lantern", "Meridian Old Maps"])
    ]
    shown = {
        "id": "9f2c",
        "number": "9F2C-61A0",
        "status": status,
        "status_label": label,
        "tone": tone,
        "reason_text": None,
        "total_minor": full_basket.total_minor,
        "tax_minor": full_basket.tax_minor,
        "currency": "EUR",
        "created_at": NOON,
        "lines": lines,
        "parcels": parcels if ended and tone == "good" else [],
        "address": Some(**(ADDRESS | {"line2": None})),
        "can_cancel": not ended,
        "ended": ended,
        "moving": not ended or status == "shipped",
        "url": "/orders/9f2c",
        "version": 3,
        "stalls": [("s1", "Camellia & Kettle"), ("s2", "The Paper Lantern")],
    }
    return surroundings("/orders/9f2c", "Order 9F2C-61A0", visitor=SAM) | {
        "order": Some(**(shown | other)),
        "steps": steps,
        "stream_url": None if ended else "/orders/9f2c/stream",
        "ask_form": QUESTION,
        "bought": status == "pending",
    }


UNDERWAY = order(
    "pending",
    "On its way through the market",
    "wait",
    journey("done", "done", "now", "waiting", "waiting"),
    False,
)
SHIPPED = order("shipped", "Shipped", "good", journey("done", "done", "done", "done", "done"), True)
DECLINED = order(
    "cancelled",
    "Cancelled",
    "bad",
    journey("done", "undone", "failed", "waiting", "waiting", "done"),
    True,
    reason_text="The card was declined. Nothing was charged, and the goods are back on their tables.",
)
ORDERS = [
    Some(
        id="9f2c",
        number="9F2C-61A0",
        url="/orders/9f2c",
        status="pending",
        status_label="On its way through the market",
        tone="wait",
        total_minor=11330,
        currency="EUR",
        created_at=NOON,
        pictures=[each.picture_url for each in full_basket.lines],
        summary=f"Hōjicha, Pride and Prejudice, {card(LONG).name} and 1 more",
    ),
    Some(
        id="77ab",
        number="77AB-0C12",
        url="/orders/77ab",
        status="delivered",
        status_label="Delivered",
        tone="good",
        total_minor=2900,
        currency="EUR",
        created_at=NOON - timedelta(days=30),
        pictures=["/pictures/RS-813.svg"],
        summary=card("RS-813").name,
    ),
    Some(
        id="1d00",
        number="1D00-4E7F",
        url="/orders/1d00",
        status="cancelled",
        status_label="Cancelled",
        tone="bad",
        total_minor=7900,
        currency="EUR",
        created_at=NOON - timedelta(days=70),
        pictures=[],
        summary="Tournament Chess Set",
    ),
]

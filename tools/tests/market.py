"""A small market with clean books: one order for each way an order may end, and one that is on its way."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from tools.books import Books, parse
from tools.judging import Verdict, judge

type Record = dict[str, Any]

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEA, MAP = "product-tea", "product-map"
SAM, ADA = "shopper-sam", "shopper-ada"
CONFIRMED, SHIPPED, DELIVERED, REFUNDED = "o-confirmed", "o-shipped", "o-delivered", "o-refunded"
NO_STOCK, DECLINED, VOIDED, MOVING = "o-no-stock", "o-declined", "o-voided", "o-moving"
# one that its order closed, one that had moved on by then, one whose order was cancelled and ordered again,
# a guest's
CLOSED, MOVED_ON, KEPT, GUESTS = "b-closed", "b-moved-on", "b-kept", "b-guests"
TELLERS = ("notifications", "insights", "chat")


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat()


def order(
    id_: str,
    status: str,
    saga: str | None,
    reason: str | None = None,
    *,
    age: float = 10,
    lines: Any = None,
    basket: tuple[str, int] | tuple[None, None] = (None, None),
) -> Record:
    return {
        "kind": "order",
        "id": id_,
        "status": status,
        "saga_state": saga,
        "version": 3,
        "updated_at": ago(age).replace("+00:00", "Z"),
        "total_minor": 1500,
        "currency": "EUR",
        "lines": lines or [{"product_id": TEA, "quantity": 2}, {"product_id": MAP, "quantity": 1}],
        "reason": reason,
        "shopper_id": SAM,
        "basket_id": basket[0],
        "basket_version": basket[1],
    }


def basket(id_: str, version: int, status: str = "open", order_id: str | None = None) -> Record:
    return {
        "kind": "basket", "id": id_, "status": status, "version": version, "order_id": order_id,
        "shopper": id_ != GUESTS, "lines": [{"product_id": TEA, "quantity": 2}], "updated_at": ago(10),
    }  # fmt: skip


def review(
    id_: str, rating: int, order_id: str | None, shopper: str = SAM, status: str = "published"
) -> Record:
    return {
        "kind": "review", "id": id_, "product_id": TEA, "shopper_id": shopper, "rating": rating,
        "status": status, "version": 1, "order_id": order_id,
    }  # fmt: skip


def reservation(order_id: str, state: str) -> Record:
    lines = [{"product_id": MAP, "quantity": 1}, {"product_id": TEA, "quantity": 2}]
    return {"kind": "reservation", "order_id": order_id, "state": state, "lines": lines}


def payment(
    order_id: str, state: str, authorized: int = 1500, captured: int = 0, refunded: int = 0
) -> Record:
    return {
        "kind": "payment",
        "order_id": order_id,
        "state": state,
        "currency": "EUR",
        "amount_minor": 1500,
        "authorized_minor": authorized,
        "captured_minor": captured,
        "refunded_minor": refunded,
        "voided": state == "voided",
    }


def charge(
    order_id: str, captures: int = 0, refunded: int = 0, *, held: int = 0, voided: bool = False
) -> Record:
    return {
        "kind": "processor_charge",
        "order_id": order_id,
        "captured_minor": 1500 * captures,
        "captures": captures,
        "refunded_minor": refunded,
        "held_minor": held,
        "voided": voided,
        "currency": "EUR",
    }


def parcel(order_id: str, number: int, status: str) -> Record:
    return {
        "kind": "parcel",
        "order_id": order_id,
        "parcel_id": f"{order_id}-{number}",
        "status": status,
        "updated_at": ago(10),
    }


def stock(product_id: str, on_hand: int, reserved: int, sold: int, restocked: int) -> Record:
    adjusted = on_hand + sold - restocked
    return {
        "kind": "stock", "product_id": product_id, "on_hand": on_hand, "reserved": reserved,
        "adjusted": adjusted, "sold": sold, "restocked": restocked,
    }  # fmt: skip


def balance(account: str, amount: int) -> Record:
    return {"kind": "ledger_balance", "account": account, "currency": "EUR", "balance_minor": amount}


def mail(order_id: str, status: str, state: str = "sent", *, age: float = 10) -> Record:
    """The mail that tells a shopper what became of their order."""
    return mail_for(f"order:{order_id}", f"order_{status}", SAM, state, order_id=order_id, age=age)


def mail_for(
    cause: str,
    template: str,
    recipient: str,
    state: str = "sent",
    *,
    order_id: str | None = None,
    age: float = 10,
) -> Record:
    id_ = f"{cause} {template} {recipient}"
    return {
        "kind": "mail_intent", "id": id_, "cause": cause, "template": template, "recipient": recipient,
        "order_id": order_id, "state": state, "message_id": f"<{id_}@bazaar.example>", "attempts": 1,
        "created_at": ago(age),
    }  # fmt: skip


def sale(order_id: str, seller_id: str, amount: int, state: str = "counted") -> Record:
    return {
        "kind": "insight_order", "order_id": order_id, "seller_id": seller_id, "amount_minor": amount,
        "currency": "EUR", "state": state,
    }  # fmt: skip


def position(partition: int, consumed: int, end: int) -> Record:
    return {
        "kind": "insights_position", "topic": "orders.order", "partition": partition, "consumed": consumed,
        "end": end,
    }  # fmt: skip


def tracked(order_id: str, status: str, version: int = 3) -> Record:
    return {"kind": "tracked_order", "order_id": order_id, "version": version, "status": status}


def outbox(database: str) -> Record:
    return {"kind": "outbox", "database": database, "unsent": 0, "oldest_age_seconds": 0}


ORDERS = [
    order(CONFIRMED, "confirmed", "completed", basket=(CLOSED, 4)),
    order(SHIPPED, "shipped", "completed", "parcel_left", basket=(MOVED_ON, 7)),
    order(DELIVERED, "delivered", "completed"),
    order(REFUNDED, "refunded", "refunded", "cancelled_by_shopper"),
    order(NO_STOCK, "cancelled", "cancelled", "out_of_stock"),
    order(DECLINED, "cancelled", "cancelled", "payment_declined"),
    order(VOIDED, "cancelled", "cancelled", "deadline_exceeded", basket=(KEPT, 2)),
    order(MOVING, "pending", "authorizing", age=2, basket=(KEPT, 2)),
    {"kind": "outbox", "unsent": 0, "oldest_age_seconds": 0},
]
PARTICIPANTS = [
    # four bought (one of them came back), one reserved
    stock(TEA, 42, 2, 8, 2),
    stock(MAP, 6, 1, 4, 1),
    *(reservation(id_, "committed") for id_ in (CONFIRMED, SHIPPED, DELIVERED)),
    reservation(REFUNDED, "restocked"),
    reservation(DECLINED, "released"),
    reservation(VOIDED, "released"),
    reservation(MOVING, "reserved"),
    *(payment(id_, "captured", captured=1500) for id_ in (CONFIRMED, SHIPPED, DELIVERED)),
    payment(REFUNDED, "refunded", captured=1500, refunded=1500),
    payment(DECLINED, "declined", authorized=0),
    payment(VOIDED, "voided"),
    payment(MOVING, "authorized"),
    balance("processor_holds", 1500),
    balance("customer_holds", -1500),
    balance("processor_receivable", 4500),
    balance("sales_liability", -6000),
    balance("refunds", 1500),
    *(charge(id_, 1) for id_ in (CONFIRMED, SHIPPED, DELIVERED)),
    charge(REFUNDED, 1, 1500),
    charge(DECLINED),
    charge(VOIDED, voided=True),
    charge(MOVING, held=1500),
    parcel(CONFIRMED, 1, "booked"),
    parcel(CONFIRMED, 2, "booked"),
    parcel(SHIPPED, 1, "delivered"),
    parcel(SHIPPED, 2, "booked"),
    parcel(DELIVERED, 1, "delivered"),
    parcel(REFUNDED, 1, "withdrawn"),
    basket(CLOSED, 5, "checked_out", CONFIRMED),
    basket(MOVED_ON, 9, "checked_out", SHIPPED),
    basket(KEPT, 2),
    basket(GUESTS, 1),
    review("r-received", 5, DELIVERED),
    review("r-demo", 4, None, ADA),
    review("r-hidden", 1, None, "shopper-bo", "hidden"),
    {"kind": "rating_summary", "product_id": TEA, "count": 2, "sum": 9},
    *(outbox(name) for name in ("inventory", "payments", "shipping", "basket")),
    *(mail(id_, "confirmed") for id_ in (CONFIRMED, SHIPPED, DELIVERED, REFUNDED)),
    mail(SHIPPED, "shipped"),
    mail(DELIVERED, "delivered", "skipped"),
    mail(REFUNDED, "refunded"),
    *(mail(id_, "cancelled") for id_ in (NO_STOCK, DECLINED, VOIDED)),
    mail_for(f"basket:{KEPT}:2", "basket_abandoned", SAM),
    mail_for("review:r-received", "review_received", "staff-tess"),
    mail_for("review:r-received", "review_received", "staff-mara"),
    mail_for("report:s-teas:2026-11-20", "sales_report", "staff-tess"),
    *(sale(id_, "s-teas", 500) for id_ in (CONFIRMED, SHIPPED, DELIVERED)),
    *(sale(id_, "s-maps", 1000) for id_ in (CONFIRMED, SHIPPED, DELIVERED)),
    sale(REFUNDED, "s-teas", 500, "refunded"),
    sale(REFUNDED, "s-maps", 1000, "refunded"),
    position(0, 12, 12),
    position(1, 0, 0),
    tracked(CONFIRMED, "confirmed"),
    tracked(SHIPPED, "shipped"),
    tracked(DELIVERED, "delivered"),
    tracked(REFUNDED, "refunded"),
    *(tracked(id_, "cancelled") for id_ in (NO_STOCK, DECLINED, VOIDED)),
    {"kind": "conversation", "id": "c-sam", "last_seq": 4, "messages": 4},
    {"kind": "conversation", "id": "c-new", "last_seq": 0, "messages": 0},
    {"kind": "product", "id": TEA, "price_minor": 250, "version": 1, "status": "active"},
    {"kind": "product", "id": MAP, "price_minor": 1000, "version": 1, "status": "archived"},
]


class Market:
    """The clean books, to be damaged one field at a time."""

    def __init__(self) -> None:
        self.before = deepcopy(ORDERS)
        self.participants = deepcopy(PARTICIPANTS)
        self.after = deepcopy(ORDERS)
        self.services = set(TELLERS)

    def record(self, kind: str, **known: Any) -> Record:
        """The one record of that kind with these values, among the orders of both readings, or the others."""
        [found] = [
            each for each in self.participants if each["kind"] == kind and known.items() <= each.items()
        ]
        return found

    def change(self, kind: str, known: dict[str, Any], **values: Any) -> None:
        if kind == "order":
            for reading in (self.before, self.after):
                [found] = [
                    each for each in reading if each["kind"] == "order" and known.items() <= each.items()
                ]
                found.update(values)
        else:
            self.record(kind, **known).update(values)

    def remove(self, kind: str, **known: Any) -> None:
        self.participants.remove(self.record(kind, **known))

    def judged(self, **settings: Any) -> Verdict:
        participants = books(self.participants)
        participants.services = self.services
        return judge(
            books(self.before), participants, books(self.after), now=NOW, **({"overdue": 180} | settings)
        )

    def found(self) -> set[tuple[str, str]]:
        """Of each fault: the rule and whose."""
        return {(fault.rule, fault.subject) for fault in self.judged().faults}


def books(records: list[Record]) -> Books:
    import json

    return parse("test", [json.dumps(record) for record in records])

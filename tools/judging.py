"""Judges the books: pure functions from what was read to what is wrong (docs/adr/0080).

    orders before ─┐
    participants  ─┼─> Verdict(faults, moving, totals)
    orders after  ─┘

Only orders that did not change between the two readings are judged by the table; the others are moving. What
one database says of itself (stock, ledger) is judged always: each export is one snapshot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tools.books import Books
from tools.combinations import ABSENT, ALLOWED, PROGRESS, Row, status_of_parcels
from tools.cross_books import basket_faults, ordered_basket_faults, review_faults
from tools.faults import Fault, differs
from tools.moving import (
    Moving,
    at_work,
    awaiting_baskets,
    awaiting_insights,
    awaiting_mails,
    awaiting_news,
    awaiting_tracking,
    stuck,
    stuck_events,
    unconsumed,
    unsent_mails,
)
from tools.own_books import (
    charge_faults,
    conversation_faults,
    ledger_faults,
    mail_faults,
    ordered_twice,
    rating_faults,
    stock_faults,
)
from tools.records import Charge, Order, Parcel, Payment, Reservation
from tools.told import order_mail_faults, other_mail_faults, sale_faults, tracking_faults


@dataclass
class Totals:
    """For each currency: what shoppers owe for what they keep, and what is held of it, twice."""

    due: Counter[str] = field(default_factory=Counter)
    ledger: Counter[str] = field(default_factory=Counter)
    processor: Counter[str] = field(default_factory=Counter)


@dataclass
class Verdict:
    faults: list[Fault]
    moving: list[Moving]
    totals: Totals
    judged: int
    statuses: Counter[str]
    mails: Counter[str] = field(default_factory=Counter)  # by their state


@dataclass(frozen=True)
class Records:
    """All that is known of one order beside the order itself."""

    reservation: Reservation | None
    payment: Payment | None
    charge: Charge | None
    parcels: tuple[Parcel, ...]


def judge(
    before: Books,
    participants: Books,
    after: Books,
    *,
    now: datetime,
    overdue: float,
    announced: Collection[str] = (),
) -> Verdict:
    """`overdue`: after so many seconds an order that still moves, or an event that still waits, is a fault.

    `announced`: products whose events all have been handled, so that what these make must be there as well.
    """
    moving = list(at_work(before, after, now))
    moving_ids = {each.id for each in moving}
    resting = [order for order in after.orders.values() if order.id not in moving_ids]
    parcels = participants.parcels_of()
    moving += awaiting_news(resting, parcels, now)
    moving += awaiting_baskets(resting, participants.baskets, now)
    moving += _untold(resting, participants, now)
    faults = list(stuck(moving, overdue))
    faults += stuck_events({**participants.outboxes, **after.outboxes}.values(), overdue)
    faults += _orphans(before, participants, after)
    faults += stock_faults(participants)
    faults += ledger_faults(participants)
    faults += charge_faults(participants)
    faults += rating_faults(participants)
    faults += ordered_twice(after.orders.values())
    faults += basket_faults(participants.baskets.values(), after.orders)
    faults += ordered_basket_faults(resting, participants.baskets)
    faults += review_faults(participants.reviews.values(), after.orders)
    faults += _telling_faults(participants, after.orders)
    faults += _product_faults(participants, announced)
    for order in resting:
        faults += _order_faults(order, _records(participants, order.id, parcels))
    totals = _totals(resting, participants)
    faults += _total_faults(totals)
    statuses = Counter(order.status for order in after.orders.values())
    mails = Counter(mail.state for mail in participants.mails.values())
    return Verdict(sorted(set(faults)), moving, totals, len(resting), statuses, mails)


def _records(books: Books, order_id: str, parcels: Mapping[str, list[Parcel]]) -> Records:
    return Records(
        books.reservations.get(order_id),
        books.payments.get(order_id),
        books.charges.get(order_id),
        tuple(parcels.get(order_id, ())),
    )


# --- those who tell of orders ---------------------------------------------------------------------


def _untold(resting: Iterable[Order], books: Books, now: datetime) -> Iterator[Moving]:
    """Only who is there can be waited for: a market may run without one of them."""
    if "notifications" in books.services:
        yield from awaiting_mails(resting, books.mails_of(), now)
        yield from unsent_mails(books.mails.values(), now)
    if "insights" in books.services:
        behind = list(unconsumed(books.positions.values()))
        yield from behind
        yield from awaiting_insights(resting, books.sales_of(), behind, now)
    if "chat" in books.services:
        yield from awaiting_tracking(resting, books.tracked, now)


def _telling_faults(books: Books, orders: Mapping[str, Order]) -> Iterator[Fault]:
    mails = books.mails.values()
    yield from mail_faults(mails)
    yield from order_mail_faults(mails, orders)
    yield from other_mail_faults(mails, books)
    yield from sale_faults(books.sales_of(), orders)
    yield from tracking_faults(books.tracked.values(), orders)
    yield from conversation_faults(books.conversations.values())


# --- one order, by the table ----------------------------------------------------------------------


def _order_faults(order: Order, records: Records) -> Iterator[Fault]:
    subject = f"order {order.id}"
    if order.saga_state is None:
        yield Fault("order without a saga", subject, "orders", "a saga", ABSENT)
        return
    row = ALLOWED.get((order.status, order.saga_state))
    if row is None:
        found = f"{order.status}/{order.saga_state}"
        yield Fault("status and saga don't go together", subject, "orders", "a row of the table", found)
        return
    if row.needs_reason and not order.reason:
        yield Fault("ended without a reason", subject, "orders", "a reason", "none")
    yield from _reservation_faults(order, row, records.reservation)
    yield from _payment_faults(order, row, records.payment)
    yield from _charge_faults(order, row, records.payment, records.charge)
    yield from _parcel_faults(order, row, records.parcels)


def _reservation_faults(order: Order, row: Row, reservation: Reservation | None) -> Iterator[Fault]:
    subject, books = f"order {order.id}", "orders / inventory"
    state = reservation.state if reservation else ABSENT
    if state not in row.reservation:
        yield Fault(f"reservation of a {order.status} order", subject, books, _either(row.reservation), state)
    if reservation and reservation.lines != order.lines:
        yield Fault(
            "lines of the reservation",
            subject,
            books,
            _quantities(order.lines),
            _quantities(reservation.lines),
        )


def _payment_faults(order: Order, row: Row, payment: Payment | None) -> Iterator[Fault]:
    subject, books = f"order {order.id}", "orders / payments"
    state = payment.state if payment else ABSENT
    if state not in row.payment:
        yield Fault(f"payment of a {order.status} order", subject, books, _either(row.payment), state)
    if payment is None:
        return
    captured = order.total_minor if row.captures else 0
    refunded = 0 if row.keeps_money else captured
    yield from differs("captured", subject, books, captured, payment.captured_minor)
    yield from differs("refunded", subject, books, refunded, payment.refunded_minor)
    if row.captures:
        yield from differs("authorized", subject, books, order.total_minor, payment.authorized_minor)
    if payment.voided != (payment.state == "voided"):
        yield Fault("voided mark", subject, "payments", str(payment.state == "voided"), str(payment.voided))
    if payment.currency != order.currency:
        yield Fault("currency of the payment", subject, books, order.currency, payment.currency)


def _charge_faults(order: Order, row: Row, payment: Payment | None, charge: Charge | None) -> Iterator[Fault]:
    subject, books = f"order {order.id}", "payments / processor"
    captures = charge.captures if charge else 0
    yield from differs("captures at the processor", subject, "orders / processor", row.captures, captures)
    captured = payment.captured_minor if payment else 0
    refunded = payment.refunded_minor if payment else 0
    yield from differs(
        "captured at the processor", subject, books, captured, charge.captured_minor if charge else 0
    )
    yield from differs(
        "refunded at the processor", subject, books, refunded, charge.refunded_minor if charge else 0
    )
    # a hold that the ledger has booked must have ended at the processor, too: by a capture or by a void
    held = payment is not None and payment.voided and payment.authorized_minor > 0
    if held and not (charge and charge.voided):
        yield Fault("hold at the processor", subject, books, "voided", "still held" if charge else ABSENT)
    # and one it never heard of can't live on either: nobody will capture or void it any more
    held_minor = charge.held_minor if charge else 0
    yield from differs("live hold at the processor", subject, "orders / processor", 0, held_minor)
    if charge and charge.currency != order.currency:
        yield Fault("currency of the charge", subject, "orders / processor", order.currency, charge.currency)


def _parcel_faults(order: Order, row: Row, parcels: tuple[Parcel, ...]) -> Iterator[Fault]:
    subject, books = f"order {order.id}", "orders / shipping"
    statuses = [parcel.status for parcel in parcels]
    if row.needs_parcels and not parcels:
        yield Fault(f"parcels of a {order.status} order", subject, books, "one at least", "none")
        return
    wrong = sorted(set(statuses) - row.parcels)
    if wrong:
        allowed = _either(row.parcels) if row.parcels else "none"
        yield Fault(f"parcels of a {order.status} order", subject, books, allowed, ", ".join(wrong))
    elif order.status in PROGRESS and PROGRESS[status_of_parcels(statuses)] < PROGRESS[order.status]:
        found = status_of_parcels(statuses)
        yield Fault(
            "order ahead of its parcels", subject, books, f"parcels that make it {order.status}", found
        )


# --- what belongs to nobody -----------------------------------------------------------------------


def _orphans(before: Books, participants: Books, after: Books) -> Iterator[Fault]:
    """Orders are read last: whatever a participant has done for an order, its order must be there by then."""
    for gone in before.orders.keys() - after.orders.keys():
        yield Fault("order that vanished", f"order {gone}", "orders", "in both readings", "in the first only")
    for kind, service, owners in (
        ("reservation", "inventory", participants.reservations.keys()),
        ("payment", "payments", participants.payments.keys()),
        ("charge", "processor", participants.charges.keys()),
        ("parcel", "shipping", {parcel.order_id for parcel in participants.parcels.values()}),
    ):
        for owner in owners - after.orders.keys():
            yield Fault(f"orphan {kind}", f"order {owner}", f"{service} / orders", "an order", ABSENT)


def _product_faults(books: Books, announced: Collection[str]) -> Iterator[Fault]:
    """A stock record that no product explains, and the other way round where the news must have arrived."""
    for product in books.stock.keys() - books.products.keys():
        yield Fault("orphan stock record", f"product {product}", "inventory / catalog", "a product", ABSENT)
    for product in set(announced) - books.stock.keys():
        yield Fault(
            "product without stock record", f"product {product}", "catalog / inventory", "a record", ABSENT
        )


# --- the money as a whole -------------------------------------------------------------------------


def _totals(resting: Iterable[Order], books: Books) -> Totals:
    totals = Totals()
    for order in resting:
        row = ALLOWED.get((order.status, order.saga_state or ABSENT))
        totals.due[order.currency] += order.total_minor if row and row.keeps_money else 0
        if payment := books.payments.get(order.id):
            totals.ledger[payment.currency] += payment.captured_minor - payment.refunded_minor
        if charge := books.charges.get(order.id):
            totals.processor[charge.currency] += charge.captured_minor - charge.refunded_minor
    return totals


def _total_faults(totals: Totals) -> Iterator[Fault]:
    for currency in sorted({*totals.due, *totals.ledger, *totals.processor}):
        due = totals.due[currency]
        for name, amount in (
            ("payments", totals.ledger[currency]),
            ("processor", totals.processor[currency]),
        ):
            yield from differs(
                "captured − refunded = due", f"currency {currency}", f"orders / {name}", due, amount
            )


# --- words ----------------------------------------------------------------------------------------


def _either(states: frozenset[str]) -> str:
    return " or ".join(sorted(states))


def _quantities(lines: Mapping[str, int]) -> str:
    return ", ".join(f"{quantity} × {product}" for product, quantity in sorted(lines.items())) or "none"

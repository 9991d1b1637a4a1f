"""Orders against those who tell of them: the mails about them, what insights counts, what chat shows.

Orders are read after all three, so what is told must be true by then. What is not told yet is on its way:
moving.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tools.books import Books
from tools.combinations import ABSENT, BOUGHT, MAILS
from tools.faults import Fault
from tools.records import MailIntent, Order, Sale, TrackedOrder

OF_ORDERS = frozenset().union(*(each.possible for each in MAILS.values()))


def order_mail_faults(mails: Iterable[MailIntent], orders: Mapping[str, Order]) -> Iterator[Fault]:
    """A mail about an order says what became of it, to whoever placed it."""
    for mail in mails:
        if mail.template not in OF_ORDERS and mail.order_id is None:
            continue
        subject, books = f"mail {mail.id}", "notifications / orders"
        order = orders.get(mail.order_id or "")
        if order is None:
            yield Fault("orphan mail", subject, books, "an order", mail.order_id or ABSENT)
            continue
        if mail.cause != f"order:{order.id}":
            yield Fault("cause of a mail", subject, books, f"order:{order.id}", mail.cause)
        if mail.recipient != order.shopper_id:
            yield Fault("mail to another", subject, books, str(order.shopper_id), mail.recipient)
        possible = MAILS[order.status].possible if order.status in MAILS else frozenset()
        if mail.template not in possible:
            allowed = ", ".join(sorted(possible)) or "none"
            yield Fault(
                f"mail about a {order.status} order", f"order {order.id}", books, allowed, mail.template
            )


def other_mail_faults(mails: Iterable[MailIntent], books: Books) -> Iterator[Fault]:
    """A reminder is of a basket that there is, news of a review are of one that there is."""
    known: Mapping[str, Mapping[str, object]] = {"basket": books.baskets, "review": books.reviews}
    for mail in mails:
        kind, _, named = mail.cause.partition(":")
        id_ = named.partition(":")[0]
        if kind in known and id_ not in known[kind]:
            where = "basket" if kind == "basket" else "reviews"
            yield Fault("orphan mail", f"mail {mail.id}", f"notifications / {where}", f"a {kind}", id_)


def sale_faults(sales: Mapping[str, Sequence[Sale]], orders: Mapping[str, Order]) -> Iterator[Fault]:
    """What insights counts of an order: never more than was bought, and only while it is."""
    for order_id, own in sales.items():
        subject, books = f"order {order_id}", "insights / orders"
        order = orders.get(order_id)
        if order is None:
            yield Fault("orphan in insights", subject, books, "an order", ABSENT)
            continue
        if order.status not in BOUGHT:
            yield Fault("counted without being bought", subject, books, "bought", order.status)
            continue
        total = sum(sale.amount_minor for sale in own)
        if total > order.total_minor:
            yield Fault("counted by insights", subject, books, str(order.total_minor), str(total))
        for sale in own:
            if sale.currency != order.currency:
                yield Fault("currency in insights", subject, books, order.currency, sale.currency)
            if sale.state not in states_of(order):
                allowed = " or ".join(sorted(states_of(order)))
                yield Fault(f"a {order.status} order in insights", subject, books, allowed, sale.state)


def states_of(order: Order) -> frozenset[str]:
    """Insights may not have heard of the refund yet, and can't have heard of one that was not."""
    return frozenset({"counted", "refunded"} if order.status == "refunded" else {"counted"})


def tracking_faults(tracked: Iterable[TrackedOrder], orders: Mapping[str, Order]) -> Iterator[Fault]:
    """What chat shows of an order is what it is, or was."""
    for each in tracked:
        subject, books = f"order {each.order_id}", "chat / orders"
        order = orders.get(each.order_id)
        if order is None:
            yield Fault("orphan tracking", subject, books, "an order", ABSENT)
        elif each.version > order.version:
            most = f"version {order.version} at most"
            yield Fault("tracking ahead of the order", subject, books, most, f"version {each.version}")
        elif each.version == order.version and each.status != order.status:
            yield Fault("tracked status", subject, books, order.status, each.status)

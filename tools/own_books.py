"""Each database against itself: stock against movements and reservations, the ledger against its payments,
ratings against the reviews they sum up, orders against the baskets they name, mails against each other,
conversations against their messages.

An export is one snapshot of its database, so this holds at any time, however much is moving.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tools.books import Books
from tools.combinations import ABSENT
from tools.faults import Fault, differs
from tools.records import Conversation, MailIntent, Order, Payment

MAIL_STATES = frozenset({"pending", "sent", "skipped", "dead"})


def stock_faults(books: Books) -> Iterator[Fault]:
    reserved, sold, restocked = (
        _by_product(books, states) for states in ({"reserved"}, {"committed", "restocked"}, {"restocked"})
    )
    for stock in books.stock.values():
        subject, product = f"product {stock.product_id}", stock.product_id
        balance = stock.adjusted + stock.restocked - stock.sold
        yield from differs(
            "on hand = adjusted + restocked − sold", subject, "inventory", balance, stock.on_hand
        )
        yield from differs(
            "reserved = open reservations", subject, "inventory", reserved[product], stock.reserved
        )
        yield from differs("sold = committed reservations", subject, "inventory", sold[product], stock.sold)
        yield from differs("restocked", subject, "inventory", restocked[product], stock.restocked)
        for name, amount in (
            ("on hand", stock.on_hand),
            ("reserved", stock.reserved),
            ("available", stock.on_hand - stock.reserved),
        ):
            if amount < 0:
                yield Fault(f"{name} below zero", subject, "inventory", "0 or more", str(amount))
    for product in sorted({*reserved, *sold} - books.stock.keys()):
        yield Fault(
            "reservation without stock record", f"product {product}", "inventory", "a stock record", ABSENT
        )


def _by_product(books: Books, states: set[str]) -> Counter[str]:
    quantities: Counter[str] = Counter()
    for reservation in books.reservations.values():
        if reservation.state in states:
            quantities.update(reservation.lines)
    return quantities


def ledger_faults(books: Books) -> Iterator[Fault]:
    """The accounts' balances against each other, and against the payments they are made of."""
    balances = Counter[tuple[str, str]]()
    sums = Counter[str]()
    for balance in books.balances:
        balances[balance.account, balance.currency] += balance.balance_minor
        sums[balance.currency] += balance.balance_minor
    for currency, total in sums.items():
        yield from differs("sum of all accounts", f"currency {currency}", "ledger", 0, total)
    expected = _expected_balances(books.payments.values())
    for account, currency in sorted(expected.keys() | balances.keys()):
        amount = balances[account, currency]
        should = expected.get((account, currency))
        if should is not None:
            yield from differs(
                f"balance of {account}", f"currency {currency}", "ledger / payments", should, amount
            )
        elif amount:
            yield Fault("unknown account", f"account {account}", "ledger", "one the audit knows", str(amount))


def _expected_balances(payments: Iterable[Payment]) -> Counter[tuple[str, str]]:
    balances = Counter[tuple[str, str]]()
    for payment in payments:
        # a hold ends by its capture or by its void
        held = 0 if payment.captured_minor or payment.voided else payment.authorized_minor
        for account, amount in (
            ("processor_holds", held),
            ("customer_holds", -held),
            ("processor_receivable", payment.captured_minor - payment.refunded_minor),
            ("sales_liability", -payment.captured_minor),
            ("refunds", payment.refunded_minor),
        ):
            balances[account, payment.currency] += amount
    return balances


def charge_faults(books: Books) -> Iterator[Fault]:
    """What the processor must never have done, whatever becomes of the order."""
    for charge in books.charges.values():
        subject = f"order {charge.order_id}"
        if charge.captures > 1:
            yield Fault(
                "captured more than once", subject, "processor", "1 capture at most", str(charge.captures)
            )
        if charge.refunded_minor > charge.captured_minor:
            most = f"{charge.captured_minor} at most"
            yield Fault("refunded more than captured", subject, "processor", most, str(charge.refunded_minor))
        if charge.voided and charge.captures:
            yield Fault("voided and captured", subject, "processor", "one of the two", "both")


def rating_faults(books: Books) -> Iterator[Fault]:
    counts, sums = Counter[str](), Counter[str]()
    for review in books.reviews.values():
        if review.status == "published":
            counts[review.product_id] += 1
            sums[review.product_id] += review.rating
    for product in sorted(counts.keys() | books.ratings.keys()):
        rating = books.ratings.get(product)
        subject = f"product {product}"
        yield from differs(
            "rated = published reviews", subject, "reviews", counts[product], rating.count if rating else 0
        )
        yield from differs(
            "stars of published reviews", subject, "reviews", sums[product], rating.sum if rating else 0
        )


def ordered_twice(orders: Iterable[Order]) -> Iterator[Fault]:
    living: dict[str, list[str]] = {}
    for order in orders:
        if order.basket_id is not None and order.status != "cancelled":
            living.setdefault(order.basket_id, []).append(order.id)
    for basket, ids in living.items():
        if len(ids) > 1:
            found = ", ".join(sorted(ids))
            yield Fault("ordered more than once", f"basket {basket}", "orders", "one living order", found)


def mail_faults(mails: Iterable[MailIntent]) -> Iterator[Fault]:
    """One mail for each cause, told apart by its Message-ID; and what was given up is named."""
    causes, message_ids = Counter[tuple[str, str, str]](), Counter[str]()
    for mail in mails:
        causes[mail.cause, mail.template, mail.recipient] += 1
        if mail.message_id:
            message_ids[mail.message_id] += 1
        elif mail.state == "sent":
            yield Fault("sent without a Message-ID", f"mail {mail.id}", "notifications", "one", ABSENT)
        if mail.state not in MAIL_STATES:
            allowed = ", ".join(sorted(MAIL_STATES))
            yield Fault("state of a mail", f"mail {mail.id}", "notifications", allowed, mail.state)
        if mail.state == "dead":
            found = f"{mail.template} for {mail.cause}, dead after {mail.attempts} attempts"
            yield Fault("mail that was given up", f"mail {mail.id}", "notifications", "sent", found)
    for (cause, template, recipient), count in causes.items():
        yield from differs(f"{template} to {recipient}", cause, "notifications", 1, count)
    for message_id, count in message_ids.items():
        yield from differs("mails with one Message-ID", f"mail {message_id}", "notifications", 1, count)


def conversation_faults(conversations: Iterable[Conversation]) -> Iterator[Fault]:
    for each in conversations:
        yield from differs(
            "messages = last number", f"conversation {each.id}", "chat", each.last_seq, each.messages
        )

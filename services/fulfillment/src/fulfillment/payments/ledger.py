"""Double entry: every posting moves money from one account to another and sums to zero in its currency."""

from uuid import UUID

from sqlalchemy.orm import Session

from fulfillment.payments.models import Entry, Posting

# (account, sign): debits are positive. What each kind of posting does to the accounts:
RULES: dict[str, tuple[tuple[str, int], ...]] = {
    # the processor holds the money for us; it is not ours yet, so both sides are memo accounts
    "authorized": (("processor_holds", +1), ("customer_holds", -1)),
    "voided": (("customer_holds", +1), ("processor_holds", -1)),
    # the hold ends; the processor owes us, and we owe the sale to shopper and seller
    "captured": (
        ("customer_holds", +1),
        ("processor_holds", -1),
        ("processor_receivable", +1),
        ("sales_liability", -1),
    ),
    "refunded": (("refunds", +1), ("processor_receivable", -1)),
}


def entries(kind: str, amount_minor: int, currency: str) -> list[Entry]:
    return [
        Entry(account=account, currency=currency, amount_minor=sign * amount_minor)
        for account, sign in RULES[kind]
    ]


def post(session: Session, order_id: UUID, kind: str, amount_minor: int, currency: str) -> None:
    """The deferred triggers judge it at commit; a second posting of the same kind for the order is refused
    at once.
    """
    posting = Posting(order_id=order_id, kind=kind)
    session.add(posting)
    session.flush()
    for entry in entries(kind, amount_minor, currency):
        entry.posting_id = posting.id
        session.add(entry)

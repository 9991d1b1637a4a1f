"""What each step means for our books: what must be true before the processor is asked, and what is written
after.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from bazaar_shared.envelope import Event
from fulfillment.errors import OutcomeUnknown, PaymentDeclined
from fulfillment.outbox import publish
from fulfillment.payments import ledger
from fulfillment.payments.models import Intent, Payment
from fulfillment.payments.processor import Answer
from fulfillment.steps import Outcome, withdraw
from fulfillment.validation import invalid

TOPIC = "payments.payment"
SOURCE = "/bazaar/fulfillment/payments"


@dataclass(frozen=True, slots=True)
class Ask:
    """The processor is to be asked; else the step is decided already, by an Outcome."""


type Preparation = Ask | Outcome


def prepare_authorize(session: Session, order_id: UUID, amount_minor: int, currency: str) -> Preparation:
    if session.get(Payment, order_id) is None:
        session.add(
            Payment(
                order_id=order_id,
                amount_minor=amount_minor,
                currency=currency,
                state="authorizing",
                version=0,
            )
        )
        session.flush()
    return Ask()


def prepare_void(session: Session, order_id: UUID) -> Preparation:
    """From here on no late authorise or capture can succeed, whatever the processor says."""
    payment = session.get(Payment, order_id)
    if payment and payment.state in {"captured", "refunded"}:
        invalid("order_id", "the payment is captured: it can be refunded, not voided")
    if is_open(session, order_id, "capture_payment"):
        raise OutcomeUnknown({"step": "capture_payment"})
    withdraw(session, order_id, ("authorize_payment", "capture_payment"))
    # an intent is committed before the processor is called: without one it was never called
    if payment is None or payment.state == "declined":
        return Outcome({"state": "voided"})
    return Ask()


def prepare_capture(session: Session, order_id: UUID) -> Preparation:
    payment = session.get(Payment, order_id)
    if payment is None or payment.state != "authorized":
        invalid("order_id", "there is no authorized payment for this order")
    return Ask()


def prepare_refund(session: Session, order_id: UUID) -> Preparation:
    if is_open(session, order_id, "capture_payment"):
        raise OutcomeUnknown({"step": "capture_payment"})
    payment = session.get(Payment, order_id)
    if payment is None or payment.state != "captured":
        invalid("order_id", "nothing was captured for this order")
    return Ask()


def is_open(session: Session, order_id: UUID, step: str) -> bool:
    intent = session.get(Intent, (order_id, step))
    return intent is not None and intent.closed_at is None


def conclude(session: Session, payment: Payment, step: str, answer: Answer) -> Outcome:
    """Write what the processor answered: state, ledger and event in the caller's transaction."""
    if answer.declined is not None:
        return _decline(session, payment, step, answer.declined)
    match step:
        case "authorize_payment":
            payment.authorization_id = answer.authorization_id
            _change(session, payment, "authorized", posting="authorized")
            return Outcome({"state": "authorized", "authorization_id": answer.authorization_id})
        case "capture_payment":
            _change(session, payment, "captured", posting="captured")
        case "refund_payment":
            _change(session, payment, "refunded", posting="refunded")
        case "void_payment":
            # a hold we never booked (its outcome was still unknown) needs no counter-entry
            held = payment.state in {"authorized", "capture_declined"}
            _change(session, payment, "voided", posting="voided" if held else None)
    return Outcome({"state": payment.state})


def _decline(session: Session, payment: Payment, step: str, reason: str) -> Outcome:
    if step not in {"authorize_payment", "capture_payment"}:
        raise ValueError(f"{step} can't be declined: {reason}")
    _change(session, payment, "declined" if step == "authorize_payment" else "capture_declined", posting=None)
    return Outcome.refused(PaymentDeclined({"reason": reason}))


def _change(session: Session, payment: Payment, state: str, *, posting: str | None) -> None:
    payment.state = state
    payment.version += 1
    if posting:
        ledger.post(session, payment.order_id, posting, payment.amount_minor, payment.currency)
    publish(session, TOPIC, [payment_event(payment)])


def payment_event(payment: Payment) -> Event:
    fact = "declined" if payment.state == "capture_declined" else payment.state
    return Event.new(
        source=SOURCE,
        type=f"bazaar.payments.payment.{fact}.v1",
        subject=str(payment.order_id),
        version=payment.version,
        data={
            "order_id": str(payment.order_id),
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "state": fact,
        },
    )

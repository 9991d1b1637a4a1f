"""The table of the saga's steps: consistency's "the saga of an order", line by line.

All else follows from it: which state comes after which, what is undone and in what order, what may be
refused. A new step is a new row: the voucher's hold (promotions) belongs between `reserve_stock` and
`quote_shipping`, its redemption after `commit_stock`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orders.domain.order import Reason


class State(StrEnum):
    """What the saga is doing now. Each but the ends is one call that was, or is about to be, sent."""

    RESERVING = "reserving"
    QUOTING = "quoting"
    AUTHORIZING = "authorizing"
    CAPTURING = "capturing"
    COMMITTING = "committing"
    BOOKING = "booking"
    COMPLETED = "completed"
    # undoing what came before the capture
    VOIDING = "voiding"
    RELEASING = "releasing"
    CANCELLED = "cancelled"
    # undoing a bought order
    WITHDRAWING = "withdrawing"
    RESTOCKING = "restocking"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


class Nature(StrEnum):
    CHECK = "check"  # changes nothing
    COMPENSATABLE = "compensatable"
    PIVOT = "pivot"  # once it succeeded nothing may refuse any more
    FORWARD = "forward"  # retried for ever


type Refusals = Mapping[str, Reason]


@dataclass(frozen=True, slots=True)
class Call:
    """A remote method, idempotent for (order, method): asked again, it gives the same reply again."""

    state: State
    service: str
    method: str
    # the remote errors that are an answer; every other one leaves the outcome unknown
    refusals: Refusals = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    nature: Nature
    do: Call
    undo: Call | None = None


STEPS: tuple[Step, ...] = (
    Step(
        Nature.COMPENSATABLE,
        Call(
            State.RESERVING,
            "inventory",
            "reserve_stock",
            {
                "OutOfStock": Reason.OUT_OF_STOCK,
                "UnknownProduct": Reason.PRODUCT_UNKNOWN,
                "InvalidRequest": Reason.PRODUCT_UNKNOWN,
            },
        ),
        undo=Call(State.RELEASING, "inventory", "release_stock"),
    ),
    Step(
        Nature.CHECK,
        Call(
            State.QUOTING,
            "shipping",
            "quote_shipping",
            {"AddressRejected": Reason.ADDRESS_REJECTED, "InvalidRequest": Reason.ADDRESS_REJECTED},
        ),
    ),
    Step(
        Nature.COMPENSATABLE,
        Call(
            State.AUTHORIZING,
            "payments",
            "authorize_payment",
            {"PaymentDeclined": Reason.PAYMENT_DECLINED, "InvalidRequest": Reason.PAYMENT_DECLINED},
        ),
        undo=Call(State.VOIDING, "payments", "void_payment"),
    ),
    Step(
        Nature.PIVOT,
        # only the definite answers that no money was taken; anything else is asked again until it is known
        Call(
            State.CAPTURING,
            "payments",
            "capture_payment",
            {"PaymentDeclined": Reason.PAYMENT_DECLINED, "StepWithdrawn": Reason.PAYMENT_DECLINED},
        ),
        undo=Call(State.REFUNDING, "payments", "refund_payment"),
    ),
    Step(
        Nature.FORWARD,
        Call(State.COMMITTING, "inventory", "commit_stock"),
        undo=Call(State.RESTOCKING, "inventory", "restock"),
    ),
    Step(
        Nature.FORWARD,
        Call(State.BOOKING, "shipping", "book_parcels"),
        # the only compensation that may be refused: nobody calls a parcel back that has left
        undo=Call(State.WITHDRAWING, "shipping", "withdraw_parcels", {"ParcelLeft": Reason.PARCEL_LEFT}),
    ),
)

PIVOT = next(number for number, step in enumerate(STEPS) if step.nature is Nature.PIVOT)
FIRST = STEPS[0].do.state
ENDED = frozenset({State.COMPLETED, State.CANCELLED, State.REFUNDED})

CALLS: Mapping[State, Call] = {
    call.state: call for step in STEPS for call in (step.do, step.undo) if call is not None
}

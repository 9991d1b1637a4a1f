"""The state machine, whole: every state with every outcome."""

import pytest
from orders.domain.order import Reason, Status
from orders.domain.saga import (
    BEFORE_CAPTURE,
    COMPENSATIONS,
    FORWARD,
    MUST_END,
    REFUND,
    CannotCancel,
    Done,
    Expired,
    IllegalMove,
    Move,
    Outcome,
    Refused,
    Unknown,
    advance,
    cancel,
)
from orders.domain.steps import CALLS, ENDED, State

S, R = State, Reason
WHY = Reason.OUT_OF_STOCK  # what a compensation was begun for, in this table
ILLEGAL = None

# one row for each state: done, expired, and each of its refusals; every other reason is illegal
DONE: dict[State, Move | None] = {
    S.RESERVING: Move(S.QUOTING),
    S.QUOTING: Move(S.AUTHORIZING),
    S.AUTHORIZING: Move(S.CAPTURING),
    S.CAPTURING: Move(S.COMMITTING),
    S.COMMITTING: Move(S.BOOKING, Status.CONFIRMED),
    S.BOOKING: Move(S.COMPLETED),
    S.COMPLETED: ILLEGAL,
    S.VOIDING: Move(S.RELEASING, reason=WHY),
    S.RELEASING: Move(S.CANCELLED, Status.CANCELLED, WHY),
    S.CANCELLED: ILLEGAL,
    S.WITHDRAWING: Move(S.RESTOCKING, reason=WHY),
    S.RESTOCKING: Move(S.REFUNDING, reason=WHY),
    S.REFUNDING: Move(S.REFUNDED, Status.REFUNDED, WHY),
    S.REFUNDED: ILLEGAL,
}
EXPIRED: dict[State, Move | None] = dict.fromkeys(State, ILLEGAL) | {
    S.RESERVING: Move(S.RELEASING, reason=R.DEADLINE_EXCEEDED),
    S.QUOTING: Move(S.RELEASING, reason=R.DEADLINE_EXCEEDED),
    S.AUTHORIZING: Move(S.VOIDING, reason=R.DEADLINE_EXCEEDED),
}
REFUSED: dict[tuple[State, Reason], Move] = {
    (S.RESERVING, R.OUT_OF_STOCK): Move(S.RELEASING, reason=R.OUT_OF_STOCK),
    (S.RESERVING, R.PRODUCT_UNKNOWN): Move(S.RELEASING, reason=R.PRODUCT_UNKNOWN),
    (S.QUOTING, R.ADDRESS_REJECTED): Move(S.RELEASING, reason=R.ADDRESS_REJECTED),
    (S.AUTHORIZING, R.PAYMENT_DECLINED): Move(S.VOIDING, reason=R.PAYMENT_DECLINED),
    (S.CAPTURING, R.PAYMENT_DECLINED): Move(S.VOIDING, reason=R.PAYMENT_DECLINED),
    (S.WITHDRAWING, R.PARCEL_LEFT): Move(S.COMPLETED, reason=R.PARCEL_LEFT, status_by_parcels=True),
}


def check(state: State, outcome: Outcome, expected: Move | None) -> None:
    if expected is ILLEGAL:
        with pytest.raises(IllegalMove):
            advance(state, outcome, why=WHY)
    else:
        assert advance(state, outcome, why=WHY) == expected


@pytest.mark.parametrize("state", State)
def test_done(state: State) -> None:
    check(state, Done(), DONE[state])


@pytest.mark.parametrize("state", State)
def test_expired_ends_only_what_comes_before_the_capture(state: State) -> None:
    check(state, Expired(), EXPIRED[state])


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("reason", Reason)
def test_refused(state: State, reason: Reason) -> None:
    check(state, Refused(reason), REFUSED.get((state, reason), ILLEGAL))


@pytest.mark.parametrize("state", State)
def test_an_unknown_outcome_changes_nothing(state: State) -> None:
    assert advance(state, Unknown(), why=WHY) == Move(state)


@pytest.mark.parametrize("state", State)
def test_a_wish_to_cancel_is_heeded_when_all_is_done(state: State) -> None:
    """And nowhere else: it changes no other move."""
    if state is S.BOOKING:
        expected = Move(S.WITHDRAWING, Status.REFUNDING, R.CANCELLED_BY_SHOPPER)
        assert advance(state, Done(), cancel_asked=True) == expected
    elif DONE[state] is not ILLEGAL:
        assert advance(state, Done(), cancel_asked=True, why=WHY) == DONE[state]


CANCEL: dict[State, Move | None] = {
    S.RESERVING: Move(S.RELEASING, reason=R.CANCELLED_BY_SHOPPER),
    S.QUOTING: Move(S.RELEASING, reason=R.CANCELLED_BY_SHOPPER),
    S.AUTHORIZING: Move(S.VOIDING, reason=R.CANCELLED_BY_SHOPPER),
    **dict.fromkeys([S.CAPTURING, S.COMMITTING, S.BOOKING], None),
    **dict.fromkeys([S.VOIDING, S.RELEASING, S.WITHDRAWING, S.RESTOCKING, S.REFUNDING], None),
}


@pytest.mark.parametrize("state", CANCEL)
def test_cancel_while_the_saga_runs(state: State) -> None:
    assert cancel(state, Status.PENDING) == CANCEL[state]


def test_cancel_a_bought_order_is_a_refund() -> None:
    expected = Move(S.WITHDRAWING, Status.REFUNDING, R.CANCELLED_BY_SHOPPER)
    assert cancel(S.COMPLETED, Status.CONFIRMED) == expected


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (S.COMPLETED, Status.SHIPPED),
        (S.COMPLETED, Status.DELIVERED),
        (S.CANCELLED, Status.CANCELLED),
        (S.REFUNDED, Status.REFUNDED),
    ],
)
def test_cancel_comes_too_late(state: State, status: Status) -> None:
    with pytest.raises(CannotCancel):
        cancel(state, status)


def test_every_state_is_a_call_or_an_end() -> None:
    assert set(CALLS) | ENDED == set(State)
    assert set(CALLS).isdisjoint(ENDED)


def test_the_chains_are_those_of_the_table() -> None:
    assert FORWARD == (S.RESERVING, S.QUOTING, S.AUTHORIZING, S.CAPTURING, S.COMMITTING, S.BOOKING)
    assert BEFORE_CAPTURE == (S.RESERVING, S.QUOTING, S.AUTHORIZING)
    assert COMPENSATIONS == (S.VOIDING, S.RELEASING)
    assert REFUND == (S.WITHDRAWING, S.RESTOCKING, S.REFUNDING)


def test_what_must_end_is_all_but_the_steps_a_deadline_ends() -> None:
    assert set(CALLS) - MUST_END == set(BEFORE_CAPTURE)


def test_every_chain_ends() -> None:
    """From each state, doing what is asked comes to an end: no loop, no dead end."""
    for start in CALLS:
        state, seen = start, [start]
        while state not in ENDED:
            state = advance(state, Done(), why=WHY).state
            assert state not in seen
            seen.append(state)

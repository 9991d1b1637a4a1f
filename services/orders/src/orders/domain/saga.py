"""The state machine: (state, outcome) → what comes next. Two tables derived from the steps, two functions
that look up.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from orders.domain.order import Reason, Status
from orders.domain.steps import CALLS, ENDED, PIVOT, STEPS, State


@dataclass(frozen=True, slots=True)
class Done:
    """The participant confirmed; in a compensation also that there was nothing to undo."""


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Reason


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer in time, or one that says nothing: it may have happened. The same call is made again."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The checkout's deadline is over."""


type Outcome = Done | Refused | Unknown | Expired


@dataclass(frozen=True, slots=True)
class Move:
    """The state that comes next; the status that the order gets with it, and why, where it changes."""

    state: State
    status: Status | None = None
    reason: Reason | None = None
    status_by_parcels: bool = False


class IllegalMove(Exception):
    """The participant said what it must not say here: the runner takes it as unknown, the alert shows it."""


class CannotCancel(Exception):
    def __init__(self, state: State) -> None:
        super().__init__(f"an order whose saga is {state} cannot be cancelled")
        self.state = state


FORWARD: tuple[State, ...] = tuple(step.do.state for step in STEPS)
BEFORE_CAPTURE: tuple[State, ...] = FORWARD[:PIVOT]
# undone in reverse; a step whose outcome is unknown is undone as well
COMPENSATIONS: tuple[State, ...] = tuple(step.undo.state for step in reversed(STEPS[:PIVOT]) if step.undo)
REFUND: tuple[State, ...] = tuple(step.undo.state for step in reversed(STEPS[PIVOT:]) if step.undo)

_AFTER: Mapping[State, State] = {
    before: after
    for chain, end in (
        (FORWARD, State.COMPLETED),
        (COMPENSATIONS, State.CANCELLED),
        (REFUND, State.REFUNDED),
    )
    for before, after in zip(chain, (*chain[1:], end), strict=True)
}

_STATUS_ON_ENTRY: Mapping[State, Status] = {
    State.BOOKING: Status.CONFIRMED,
    State.CANCELLED: Status.CANCELLED,
    REFUND[0]: Status.REFUNDING,
    State.REFUNDED: Status.REFUNDED,
}

# Nobody may give up here, however long it takes: what the alert `saga_stuck` looks at.
MUST_END: frozenset[State] = frozenset({*FORWARD[PIVOT:], *COMPENSATIONS, *REFUND})


def advance(state: State, outcome: Outcome, *, cancel_asked: bool = False, why: Reason | None = None) -> Move:
    """`why`: the reason the compensation was begun for; the order gets it when all is undone."""
    match outcome:
        case Unknown():
            return Move(state)
        case Done():
            return _done(state, cancel_asked=cancel_asked, why=why)
        case Refused(reason):
            return _refused(state, reason)
        case Expired() if state in BEFORE_CAPTURE:
            return Move(_undo_from(state), reason=Reason.DEADLINE_EXCEEDED)
    raise IllegalMove(f"{state} knows no deadline")


def _done(state: State, *, cancel_asked: bool, why: Reason | None) -> Move:
    if state not in CALLS:
        raise IllegalMove(f"{state} has ended")
    after = _AFTER[state]
    if after is State.COMPLETED and cancel_asked:
        # the wish came after the pivot: first all is done, then all is undone
        return _enter(REFUND[0], Reason.CANCELLED_BY_SHOPPER)
    return _enter(after, why if state in COMPENSATIONS or state in REFUND else None)


def _refused(state: State, reason: Reason) -> Move:
    if state not in CALLS or reason not in CALLS[state].refusals.values():
        raise IllegalMove(f"{state} cannot be refused for {reason}")
    if state is REFUND[0]:
        # the refund is refused: back to a bought order, whose status its parcels tell
        return Move(State.COMPLETED, reason=reason, status_by_parcels=True)
    return Move(_undo_from(state), reason=reason)


def cancel(state: State, status: Status) -> Move | None:
    """A shopper's wish. None: it was noted, the saga heeds it once all is done (or is undoing already)."""
    if state in BEFORE_CAPTURE:
        return Move(_undo_from(state), reason=Reason.CANCELLED_BY_SHOPPER)
    if state is State.COMPLETED and status is Status.CONFIRMED:
        return _enter(REFUND[0], Reason.CANCELLED_BY_SHOPPER)
    if state in ENDED:
        raise CannotCancel(state)
    return None


def _undo_from(state: State) -> State:
    """The first compensation of what may have happened up to this step, itself included."""
    for step in reversed(STEPS[: FORWARD.index(state) + 1]):
        if step.undo and step.undo.state in COMPENSATIONS:
            return step.undo.state
    return State.CANCELLED


def _enter(state: State, reason: Reason | None) -> Move:
    return Move(state, _STATUS_ON_ENTRY.get(state), reason)

"""The way of an order, step by step, from orders' journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from storefront import paths
from storefront.anatomy import StepFacts, facts

type StepState = Literal["done", "now", "waiting", "failed", "undone"]

REASONS: Mapping[str, str] = {
    "out_of_stock": "Somebody was faster: not enough was left.",
    "product_unknown": "A product is not sold any more.",
    "address_rejected": "We do not deliver to that address.",
    "payment_declined": "The card was declined.",
    "deadline_exceeded": "It took too long, so nothing was charged.",
    "cancelled_by_shopper": "You called it off.",
    "parcel_left": "A parcel had left already: the order goes on.",
    # the card's own words
    "card_declined": "The card was declined.",
    "unknown_token": "The card is not known.",
    "capture_declined": "The card declined at the last moment.",
}
_REFUSED = frozenset({"refused", "expired"})
NEVER = "It did not come to this."


@dataclass(frozen=True, slots=True)
class Step:
    key: str
    label: str
    service: str
    framework: str
    state: StepState
    ms: int | None
    detail: str | None
    source_url: str


def steps(order: Mapping[str, Any], journal: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The table's steps in their order, then what was undone as it came."""
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for entry in journal:
        entries.setdefault(entry["step"], []).append(entry)
    ended = has_ended(order)
    taken = [_taken(step, entries, ended=ended) for step in facts().steps]
    undone = [
        _undoing(step, entries[step.undo], ended=ended) for step in facts().steps if step.undo in entries
    ]
    return (*taken, *undone)


def has_ended(order: Mapping[str, Any]) -> bool:
    return order["saga"]["step"] is None


def _taken(step: StepFacts, entries: Mapping[str, Sequence[Mapping[str, Any]]], *, ended: bool) -> Step:
    tries = entries.get(step.key, ())
    if step.key == facts().steps[0].key:
        # the row itself is the proof: orders answers when it is stored
        return _step(step, step.key, step.label, "done", ())
    state = _state(tries, ended=ended)
    if state == "done" and step.undo and _state(entries.get(step.undo, ()), ended=ended) == "done":
        state = "undone"
    shown = _step(step, step.key, step.label, state, tries)
    # the labels tell of what was done; what never was must not read as if it had been
    return replace(shown, detail=NEVER) if ended and state == "waiting" else shown


def _undoing(step: StepFacts, tries: Sequence[Mapping[str, Any]], *, ended: bool) -> Step:
    key = step.undo or ""
    return _step(step, key, facts().undoing[key], _state(tries, ended=ended), tries)


def _state(tries: Sequence[Mapping[str, Any]], *, ended: bool) -> StepState:
    if not tries:
        return "waiting"
    outcome = tries[-1]["outcome"]
    if outcome == "done":
        return "done"
    # under way, or its outcome is not known: it is asked again until it is
    return "failed" if outcome in _REFUSED or ended else "now"


def _step(
    step: StepFacts, key: str, label: str, state: StepState, tries: Sequence[Mapping[str, Any]]
) -> Step:
    return Step(
        key=key,
        label=label,
        service=step.service,
        framework=step.framework,
        state=state,
        ms=_milliseconds(tries),
        detail=_detail(tries),
        source_url=paths.source(step.file),
    )


def _milliseconds(tries: Sequence[Mapping[str, Any]]) -> int | None:
    """From the first try's start to the last one's end: what the shopper waited."""
    if not tries or not tries[-1]["finished_at"]:
        return None
    began = datetime.fromisoformat(tries[0]["started_at"])
    ended = datetime.fromisoformat(tries[-1]["finished_at"])
    return round((ended - began).total_seconds() * 1000)


def _detail(tries: Sequence[Mapping[str, Any]]) -> str | None:
    if not tries:
        return None
    said = []
    reason = (tries[-1]["detail"] or {}).get("reason")
    if tries[-1]["outcome"] in _REFUSED and reason:
        said.append(REASONS.get(str(reason), str(reason).replace("_", " ").capitalize() + "."))
    if len(tries) > 1:
        said.append(f"Asked {len(tries)} times.")
    return " ".join(said) or None

"""What one page asked of whom, for the panel at its foot; and how long it may go on asking.

A context variable: a page's tasks are born with it, so every call finds its own page's record, however it was
started.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal

type Outcome = Literal["ok", "refused", "failed", "timeout"]

# all of a page's calls together; a write may take longer than a read, and a reading follows it
READING_SECONDS = 4.0
WRITING_SECONDS = 9.0
# a stream writes no panel: it must not gather calls without end
_MOST_CALLS = 64


@dataclass(frozen=True, slots=True)
class Call:
    service: str
    method: str
    # the template of the contract, never the path: `/api/orders/{order_id}`
    route: str
    status: int | None
    ms: float
    outcome: Outcome


@dataclass(slots=True)
class Record:
    seconds: float
    started: float = field(default_factory=monotonic)
    calls: list[Call] = field(default_factory=list)
    # the parts of the page that did not answer, in the order in which they failed
    missing: list[str] = field(default_factory=list)

    def remaining(self) -> float:
        return max(0.0, self.started + self.seconds - monotonic())

    def elapsed_ms(self) -> float:
        return (monotonic() - self.started) * 1000

    def add(self, call: Call) -> None:
        if len(self.calls) < _MOST_CALLS:
            self.calls.append(call)

    def lacks(self, part: str) -> None:
        if part not in self.missing:
            self.missing.append(part)


_current: ContextVar[Record] = ContextVar("record")


def begin(seconds: float) -> Record:
    record = Record(seconds)
    _current.set(record)
    return record


def current() -> Record:
    """Outside of any page (a key is fetched, a test calls a client) a record that nobody reads."""
    return _current.get(None) or Record(WRITING_SECONDS)


@contextmanager
def recording(seconds: float) -> Iterator[Record]:
    """A record of its own for a while: for each look of a stream, which as a whole has no deadline."""
    record = Record(seconds)
    reset = _current.set(record)
    try:
        yield record
    finally:
        _current.reset(reset)

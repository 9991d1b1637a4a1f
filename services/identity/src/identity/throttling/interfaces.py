from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limit:
    """`burst` attempts at once; after that, one more `every` so often."""

    scope: str
    burst: int
    every: timedelta


@dataclass(frozen=True, slots=True)
class Attempt:
    limit: Limit
    subject: str


class IThrottle(Protocol):
    def failures_of(self, *attempts: Attempt) -> AbstractContextManager[None]:
        """Around what may fail: raises TooManyAttempts, else counts a failure unless the block succeeds."""

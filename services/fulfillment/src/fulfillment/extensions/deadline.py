import time
from dataclasses import dataclass
from typing import Any

from nameko.extensions import DependencyProvider

from fulfillment.errors import DeadlineExceeded


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the caller stops waiting, in unix seconds; None for compensations, which have all the time in
    the world.
    """

    at: float | None = None

    def remaining(self, at_most: float) -> float:
        return at_most if self.at is None else max(0.0, min(at_most, self.at - time.time()))

    def check(self) -> None:
        if self.at is not None and time.time() >= self.at:
            raise DeadlineExceeded


class DeadlineGuard(DependencyProvider):
    """The deadline that travelled with the call, for work that begins late or waits for somebody else."""

    def get_dependency(self, worker_ctx: Any) -> Deadline:
        at = worker_ctx.data.get("deadline")
        return Deadline(float(at) if isinstance(at, int | float) else None)

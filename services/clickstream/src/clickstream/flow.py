"""How much is let in: work in flight, bounded in number and bytes, and each session's rate.

Both know nothing of HTTP or Kafka, and are touched by one event loop only.
"""

import math
from asyncio import Future
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Any, Self

import msgspec

from clickstream.metrics import IN_FLIGHT, IN_FLIGHT_BYTES


class Overloaded(Exception):
    """Too much is in flight: this comes in later, or not at all."""


class RateExceeded(Exception):
    def __init__(self, allowance: "Allowance") -> None:
        super().__init__(f"again in {allowance.retry_after} s")
        self.allowance = allowance


class InFlight:
    """What is being worked on. Who finds no room is sent away at once: nobody waits in line for it."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self.count = 0
        self.bytes = 0

    def admit(self, size: int) -> "Permit":
        if self.count >= self._most or self.bytes + size > self._most_bytes:
            raise Overloaded
        self.count += 1
        self.bytes += size
        self._tell()
        return Permit(self, size)

    def resize(self, was: int, now: int) -> None:
        if now > was and self.bytes + now - was > self._most_bytes:
            raise Overloaded
        self.bytes += now - was
        self._tell()

    def leave(self, size: int) -> None:
        self.count -= 1
        self.bytes -= size
        self._tell()

    def _tell(self) -> None:
        IN_FLIGHT.set(self.count)
        IN_FLIGHT_BYTES.set(self.bytes)


class Permit:
    """A place in flight, for as long as the block runs; or, once handed over, until that future is done.

    A request that was answered already may still stand in the producer's memory: it keeps its place.
    """

    def __init__(self, flight: InFlight, size: int) -> None:
        self._flight = flight
        self._size = size
        self._handed_over = False

    def resize(self, size: int) -> None:
        self._flight.resize(self._size, size)
        self._size = size

    def hand_over(self, future: "Future[Any]") -> None:
        self._handed_over = True
        future.add_done_callback(lambda _: self._flight.leave(self._size))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._handed_over:
            self._flight.leave(self._size)


class Allowance(msgspec.Struct, frozen=True):
    """What a session may still send."""

    limit: int
    remaining: int
    # seconds until the bucket is full
    reset: int
    retry_after: int = 0


class _Bucket(msgspec.Struct):
    tokens: float
    at: float


class SessionRates:
    """A token bucket for each session, a token for each event. The sessions seen longest ago are forgotten:
    they begin with a full bucket.
    """

    def __init__(
        self, burst: int, per_second: float, sessions: int, clock: Callable[[], float] = monotonic
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._sessions = sessions
        self._clock = clock
        self._buckets: OrderedDict[Any, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, session: Any, events: int) -> Allowance:
        bucket = self._filled(session)
        if bucket.tokens < events:
            wait = math.ceil((events - bucket.tokens) / self._per_second)
            raise RateExceeded(self._allowance(bucket, max(wait, 1)))
        bucket.tokens -= events
        return self._allowance(bucket)

    def give_back(self, session: Any, events: int) -> None:
        """What was refused after all, through no fault of the session's."""
        bucket = self._filled(session)
        bucket.tokens = min(bucket.tokens + events, self._burst)

    def _filled(self, session: Any) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(session)
        if bucket is None:
            bucket = self._buckets[session] = _Bucket(self._burst, now)
            if len(self._buckets) > self._sessions:
                self._buckets.popitem(last=False)
            return bucket
        self._buckets.move_to_end(session)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        return bucket

    def _allowance(self, bucket: _Bucket, retry_after: int = 0) -> Allowance:
        reset = math.ceil((self._burst - bucket.tokens) / self._per_second)
        return Allowance(self._burst, int(bucket.tokens), reset, retry_after)

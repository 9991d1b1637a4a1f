"""The time as a service: tests move it, nothing sleeps."""

from datetime import UTC, datetime
from typing import Any, Protocol


class IClock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def includeme(config: Any) -> None:
    config.register_service(SystemClock(), IClock)

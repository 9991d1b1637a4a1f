"""When something is tried again, and which days' reports are due."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

_REPORT_DAYS = 3


def pause_after(
    attempts: int, first: float, longest: float, jitter: Callable[[], float] = random.random
) -> timedelta:
    """Doubled each time up to `longest`; between half of it and all of it, so that what failed together does
    not come back together.
    """
    whole = min(first * 2.0 ** min(attempts - 1, 32), longest)
    return timedelta(seconds=whole * (0.5 + jitter() / 2))


def days_to_report(now: datetime, hour: int) -> list[date]:
    """The last days that are over, the oldest first. Yesterday counts from `hour` (UTC) on: what happened
    just before midnight has been heard of by then. More than one, for a night in which nothing ran.
    """
    newest = (now.astimezone(UTC) - timedelta(hours=hour)).date() - timedelta(days=1)
    return [newest - timedelta(days=back) for back in reversed(range(_REPORT_DAYS))]

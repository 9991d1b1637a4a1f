"""Time, cut into buckets. All in whole seconds since the epoch, so that they are keys of JSON and of
tables.
"""

from collections.abc import Iterable

MINUTE = 60
HOUR = 3600
DAY = 86400

# An event that reached Kafka later than this after it happened finds its bucket sealed: it is counted as
# late, and no chart shows it. By Kafka's own time of the record, not by the clock of whoever reads: read
# again from the beginning, the same events are late.
LATENESS = 3600

TRENDING_WINDOW = 1800
TRENDING_STEP = 300
# a window is looked at for as long as late clicks may change it
TRENDING_EXPIRES = 2 * HOUR

# of how long ago the funnel can tell
FUNNEL_HOURS = 168
SESSIONS_KEPT = 8 * DAY


def start(time: float, length: int) -> int:
    return int(time // length) * length


def is_late(happened: float, published: float) -> bool:
    return published - happened > LATENESS


def sealed_before(now: float) -> int:
    """No sale enters a minute before this one any more; only refunds still take out of it."""
    return start(now - LATENESS, MINUTE)


def last_minutes(now: float, count: int) -> Iterable[int]:
    """The starts of the last minutes, oldest first, the current one included."""
    current = start(now, MINUTE)
    return range(current - (count - 1) * MINUTE, current + 1, MINUTE)

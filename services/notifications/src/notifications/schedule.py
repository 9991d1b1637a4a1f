"""What beat sends. Each entry is a scan that finds what is to be done by its rows: two beats at once do
nothing twice, and a beat that was away for a night misses nothing.
"""

from typing import Any

from celery.schedules import crontab, schedule

from notifications import SERVICE
from notifications.settings import Settings


def beat_schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    often = settings.scan_seconds
    seldom = min(60.0, 3 * often)
    return {
        "due": _entry("due", schedule(often), expires=max(often, 1)),
        "abandoned-baskets": _entry("abandoned_baskets", schedule(seldom), expires=seldom),
        # not once a night: whichever of these comes first after the hour writes the reports
        "reports": _entry("reports", schedule(seldom), expires=seldom),
        "housekeeping": _entry("housekeeping", crontab(minute="17", hour="*/6"), expires=3600),
    }


def _entry(name: str, when: schedule, expires: float) -> dict[str, Any]:
    # who comes too late has nothing to do that the next one does not
    return {"task": f"{SERVICE}.scans.{name}", "schedule": when, "options": {"expires": expires}}

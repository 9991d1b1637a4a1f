"""Beat: sends the scans. It keeps no state of its own, so it needs no disk and may run twice."""

import logging
from typing import Any

from celery import beat

from bazaar_shared.management import Health
from notifications import tracing
from notifications.app import create_celery
from notifications.processes.starting import managed
from notifications.settings import Settings

logger = logging.getLogger(__name__)


class Scheduler(beat.Scheduler):
    """Celery's plain scheduler in memory, with a sign of life. Not the persistent one: when something last
    ran does not matter where every entry is a scan.
    """

    health = Health("broker")

    def tick(self, *arguments: Any, **options: Any) -> float:
        self.health.beat()
        pause: float = super().tick(*arguments, **options)
        return pause

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **options: Any) -> Any:
        try:
            sent = super().apply_async(entry, producer=producer, advance=advance, **options)
        except beat.SchedulingError as error:
            self.health.set("broker", str(error)[:200])
            raise
        self.health.set("broker", state=True)
        return sent


def run(settings: Settings) -> int:
    """No database here: the scans are the workers'."""
    health = Scheduler.health
    # Celery tries for ever to reach a broker that is away, and does not tick meanwhile
    alive = lambda: health.get("broker") is not True or health.alive()  # noqa: E731
    app = create_celery(settings)
    tracing.connect()
    with managed(settings, health.checks, alive):
        try:
            app.Beat(quiet=True, redirect_stdouts=False, loglevel=settings.log_level).run()
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 0
    return 0

"""Tells workers of what was just stored. Only a wake-up: what gets lost here is found by the scan."""

import logging
import queue
import threading
from time import monotonic

from kombu.exceptions import OperationalError

from notifications.app import Notifications
from notifications.domain.intents import Announcement, Intent

logger = logging.getLogger(__name__)

_MOST_WAITING = 1000
_AWAY_FOR = 10.0
_ENDS_WITHIN = 5.0


class Waker:
    """A thread with a bounded queue: the consumer neither waits for RabbitMQ nor piles up words for it."""

    def __init__(self, app: Notifications) -> None:
        self._app = app
        self._news: queue.Queue[Intent | Announcement | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
        self._away_until = float("-inf")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        try:
            self._news.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(_ENDS_WITHIN)

    def wake(self, news: Intent | Announcement) -> None:
        try:
            self._news.put_nowait(news)
        except queue.Full:
            logger.warning("too many wake-ups wait; the scan finds the rest")

    def _run(self) -> None:
        while (news := self._news.get()) is not None:
            if monotonic() >= self._away_until:
                self._send(news)

    def _send(self, news: Intent | Announcement) -> None:
        task = (
            "notifications.mails.send" if isinstance(news, Intent) else "notifications.announcements.address"
        )
        headers = {"traceparent": news.traceparent} if news.traceparent else {}
        try:
            self._app.send_task(task, [str(news.id)], headers=headers, confirm_timeout=5)
        except (OperationalError, OSError) as error:
            self._away_until = monotonic() + _AWAY_FOR
            logger.warning("RabbitMQ is away; the scan finds what is due", extra={"reason": str(error)})

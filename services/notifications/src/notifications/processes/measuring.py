"""Metrics of the worker. Children do the tasks, the parent is scraped: each child says what it did by one
datagram, which is written whole or not at all, and never waited for.
"""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

from celery import Task, signals
from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import NullPool, create_engine, make_url

from notifications.app import DEAD, MAILS, PICTURES, SCANS, Notifications
from notifications.storage.intents import by_state, oldest_due

logger = logging.getLogger(__name__)

DURATION = Histogram(
    "celery_task_duration_seconds",
    "Tasks that ran, by how they ended",
    ["task", "outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
LOST = Counter("celery_task_lost_total", "Tasks whose child died or was over its hard time limit", ["task"])
UNKNOWN = Counter("celery_task_unknown_total", "Messages that name no task of ours")
_DATAGRAM = 512


class Measurements:
    """Made before the fork: both ends are in every process, each uses its own."""

    def __init__(self) -> None:
        self._parent, self._child = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._child.setblocking(False)
        self._began: dict[str, float] = {}

    def connect(self) -> None:
        signals.task_prerun.connect(self._begin, weak=False)
        signals.task_postrun.connect(self._end, weak=False)
        # these two are the parent's: a child that is gone says nothing
        signals.task_failure.connect(self._lost, weak=False)
        signals.task_unknown.connect(self._unknown, weak=False)

    def listen(self) -> None:
        threading.Thread(target=self._listen, name="measurements", daemon=True).start()

    def _begin(self, task_id: str, **_: Any) -> None:
        self._began[task_id] = monotonic()

    def _end(
        self, task_id: str, task: Task, retval: object = None, state: str | None = None, **_: Any
    ) -> None:
        seconds = monotonic() - self._began.pop(task_id, monotonic())
        # a task that works on a row says what became of it; others succeed or fail
        outcome = (
            retval if isinstance(retval, str) and task.name in _TELLING else (state or "unknown").lower()
        )
        try:
            self._child.send(json.dumps([task.name, outcome, seconds]).encode()[:_DATAGRAM])
        except OSError:
            logger.debug("a measurement was lost")

    def _listen(self) -> None:
        while True:
            name, outcome, seconds = json.loads(self._parent.recv(_DATAGRAM))
            DURATION.labels(name, outcome).observe(seconds)

    @staticmethod
    def _lost(sender: Task, exception: BaseException, **_: Any) -> None:
        if type(exception).__name__ in ("WorkerLostError", "TimeLimitExceeded"):
            LOST.labels(sender.name).inc()

    @staticmethod
    def _unknown(**_: Any) -> None:
        UNKNOWN.inc()


_TELLING = ("notifications.mails.send", "notifications.announcements.address")


def register_gauges(app: Notifications) -> None:
    REGISTRY.register(_Rows(app))
    REGISTRY.register(_Queues(app))


class _Rows(Collector):
    """As fresh as the scrape. A database that is away costs these lines, not the others."""

    def __init__(self, app: Notifications) -> None:
        self._engine = create_engine(
            make_url(app.settings.dsn).set(drivername="postgresql+psycopg"),
            # a connection that is kept would be copied into the children
            poolclass=NullPool,
            connect_args={"connect_timeout": 2, "options": "-c statement_timeout=2000"},
        )

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        rows = GaugeMetricFamily(
            "notifications_rows", "Intents and announcements", labels=["kind", "template", "state"]
        )
        oldest = GaugeMetricFamily(
            "notifications_oldest_due_seconds", "For how long the oldest mail that is due has waited"
        )
        try:
            with self._engine.connect() as connection:
                for kind, template, state, count in by_state(connection):
                    rows.add_metric([kind, template, state], count)
                oldest.add_metric([], oldest_due(connection))
        except Exception as error:
            logger.debug("the rows cannot be counted", exc_info=error)
            return
        yield rows
        yield oldest


class _Queues(Collector):
    def __init__(self, app: Notifications) -> None:
        self._app = app

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        depth = GaugeMetricFamily("notifications_queue_messages", "Messages that wait", labels=["queue"])
        try:
            with self._app.connection_for_read(connect_timeout=2) as connection:
                for queue in (MAILS, PICTURES, SCANS, DEAD):
                    declared = connection.default_channel.queue_declare(queue, passive=True)
                    depth.add_metric([queue], declared.message_count)
        except Exception as error:
            logger.debug("the queues cannot be counted", exc_info=error)
            return
        yield depth

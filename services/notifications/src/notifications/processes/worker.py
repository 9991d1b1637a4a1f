"""The worker: a parent that talks to RabbitMQ and has the management port, and children that do the tasks."""

import ctypes
import logging
import signal
import sys
from functools import partial
from typing import Any

from celery import bootsteps, signals
from celery.worker.consumer import Consumer
from sqlalchemy import NullPool, create_engine, make_url, text

from bazaar_shared.management import Check, Health
from notifications import tracing
from notifications.app import Notifications, create_celery, dead_letters
from notifications.processes.measuring import Measurements, register_gauges
from notifications.processes.starting import managed, schema_is_there, told_to_stop
from notifications.settings import Settings

logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1


def run(settings: Settings) -> int:
    """Celery's own exit code; SIGTERM lets tasks under way end first."""
    health = Health("schema", "broker")
    ready: dict[str, Check] = {**health.checks, "database": partial(_answers, settings)}
    # while it does not consume, Celery tries to connect for ever: that is no stuck process
    alive = lambda: health.get("broker") is not True or health.alive()  # noqa: E731
    with managed(settings, ready, alive):
        with told_to_stop() as stopping:
            if not schema_is_there(settings, health, stopping):
                return 0
        app = prepared(settings, health)
        register_gauges(app)
        return _work(app)


def prepared(settings: Settings, health: Health) -> Notifications:
    app = create_celery(settings)
    measurements = Measurements()
    tracing.connect()
    measurements.connect()
    measurements.listen()
    _connect_children(app)
    app.steps["consumer"].add(_DeadLetters)
    app.health = health
    app.steps["consumer"].add(_Consuming)
    return app


def _work(app: Notifications) -> int:
    settings = app.settings
    # the name is the process's: two of one name on one vhost would take each other's messages for their own
    arguments = [
        "--quiet",
        "worker",
        "--hostname",
        f"{settings.process_name}@%h",
        "--loglevel",
        settings.log_level,
    ]
    try:
        app.worker_main([*arguments, "--pool", "prefork", "--without-gossip", "--without-mingle"])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _connect_children(app: Notifications) -> None:
    def born(**_: Any) -> None:
        _end_with_parent()
        app.open()

    def dies(**_: Any) -> None:
        app.close_resources()

    signals.setup_logging.connect(_leave_logging_alone, weak=False)
    signals.worker_process_init.connect(born, weak=False)
    signals.worker_process_shutdown.connect(dies, weak=False)


def _leave_logging_alone(**_: Any) -> None:
    """Who is connected here takes logging out of Celery's hands: JSON lines were set up before."""


def _end_with_parent() -> None:
    """A child whose parent was killed has nobody to acknowledge for it, and would hold its port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _answers(settings: Settings) -> bool:
    """A connection for each question: one that is kept would be copied into the children."""
    engine = create_engine(
        make_url(settings.dsn).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={"connect_timeout": 2},
    )
    with engine.connect() as connection:
        return connection.execute(text("select true")).scalar_one() is True


class _DeadLetters(bootsteps.StartStopStep):
    """The queue that others are told to lay their dead messages into must be there before them."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, parent: Consumer) -> None:
        with parent.connection.channel() as channel:
            dead_letters()(channel).declare()


class _Consuming(bootsteps.StartStopStep):
    """Ready while messages are taken; alive while the loop turns. Celery stops its steps when the broker goes
    away, and starts them again when it is back.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)
    _EVERY = 2.0

    def __init__(self, parent: Consumer, **options: Any) -> None:
        super().__init__(parent, **options)
        self._health: Health = parent.app.health
        self._beating: Any = None

    def start(self, parent: Consumer) -> None:
        self._health.beat()
        self._health.set("broker", state=True)
        self._beating = parent.timer.call_repeatedly(self._EVERY, self._health.beat)

    def stop(self, parent: Consumer) -> None:  # noqa: ARG002
        self._health.set("broker", "not consuming")
        if self._beating is not None:
            self._beating.cancel()
            self._beating = None

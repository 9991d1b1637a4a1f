"""What every long-running process does first: a management port, the schema, and an ear for SIGTERM."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bazaar_shared.management import Check, Health, Management
from notifications.migrate import migrate_when_possible
from notifications.settings import Settings


@contextmanager
def managed(
    settings: Settings, ready: Mapping[str, Check], live: Callable[[], bool] = lambda: True
) -> Iterator[None]:
    port = Management(settings.management_host, settings.management_port, live=live, ready=ready)
    port.start()
    try:
        yield
    finally:
        port.stop()


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Set by SIGTERM and SIGINT. Afterwards the signals are what they were: Celery has ways of its own."""
    stopping = threading.Event()

    def stop(_number: int, _frame: Any) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def schema_is_there(settings: Settings, health: Health, stopping: threading.Event) -> bool:
    """Migrates when it may; waits for the database. False when told to stop meanwhile."""

    def tell(reason: str) -> None:
        health.beat()  # a server that is away does not make the process a stuck one
        health.set("schema", reason)

    if settings.migrate_on_start and not migrate_when_possible(settings.dsn, stopping.is_set, tell):
        return False
    health.set("schema", state=True)
    health.beat()
    return True

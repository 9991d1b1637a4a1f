"""A Nameko process: patches the sockets, waits for what it needs, runs the services, and stops within a
bound.

`nameko run` is not used: it waits for ever for a broker that is away (also after SIGTERM), and has no
management port.
"""

import eventlet

eventlet.monkey_patch()  # before anything that imports socket, ssl or threading for itself

import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from functools import partial  # noqa: E402
from importlib import import_module  # noqa: E402
from logging import getLogger  # noqa: E402
from typing import Any  # noqa: E402

from eventlet import hubs  # noqa: E402
from nameko.runners import ServiceRunner  # noqa: E402
from sqlalchemy import Engine, select  # noqa: E402

from bazaar_shared import logs, telemetry  # noqa: E402
from bazaar_shared.management import Management  # noqa: E402
from fulfillment.extensions.consumer import SteadyQueueConsumer  # noqa: E402
from fulfillment.migrate import migrate_one  # noqa: E402
from fulfillment.settings import Settings  # noqa: E402
from fulfillment.storage import open_database  # noqa: E402

log = getLogger(__name__)

SERVICES = {
    "inventory": "fulfillment.inventory.service:InventoryService",
    "payments": "fulfillment.payments.service:PaymentsService",
    "shipping": "fulfillment.shipping.service:ShippingService",
    "processor": "fulfillment.processor.service:ProcessorService",
}
LONGEST_PAUSE = 5.0


def serve(settings: Settings) -> int:
    """Run the services until a signal comes; the exit code is 0 when they stopped in time."""
    logs.configure("fulfillment", settings.process_name, settings.log_level)
    # a refusal has its line from WorkLog; Nameko would add a traceback to each
    getLogger("nameko.containers").addFilter(lambda record: not str(record.msg).startswith("(expected)"))
    telemetry.configure("fulfillment", settings.process_name)
    process = Process(settings)
    process.start()
    return process.wait()


class Process:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.runner = ServiceRunner(settings.nameko_config())
        for name in settings.services:
            self.runner.add_service(service_class(name))
        self.begun = self.started = False
        self.probes = {name: open_database(url, connections=1) for name, url in settings.databases.items()}
        self.management = Management(settings.management_host, settings.management_port, ready=self._checks())
        self.over: Any = eventlet.event.Event()

    def start(self) -> None:
        _on_signal(lambda: self._end("a signal came"))
        self.management.start()
        eventlet.spawn(self._run)

    def wait(self) -> int:
        """Until the end; then work in hand is finished, but no longer than SHUTDOWN_SECONDS."""
        reason = self.over.wait()
        log.info("stopping", extra={"reason": str(reason)})
        failed = isinstance(reason, BaseException)
        with eventlet.Timeout(self.settings.shutdown_seconds, False):
            if self.begun:
                self.runner.stop()
            log.info("stopped")
            return 1 if failed else 0
        log.error("work in hand did not end in time; it is given up")
        sys.stdout.flush()
        os._exit(1)  # a greenthread that does not end would keep the interpreter

    def _run(self) -> None:
        try:
            if self.settings.migrate_on_start:
                for name, url in self.settings.databases.items():
                    _insist(partial(migrate_one, name, url), f"the database {name}")
            self.begun = True
            self.runner.start()  # returns when every service consumes
            self.started = True
            self.runner.wait()
        except Exception as error:
            log.exception("a service ended by an error")
            self._end(error)
        else:
            self._end("the services ended")

    def _end(self, reason: object) -> None:
        if not self.over.ready():
            self.over.send(reason)

    def _checks(self) -> dict[str, Callable[[], bool | str]]:
        checks: dict[str, Callable[[], bool | str]] = {
            f"database_{name}": partial(_answers, engine) for name, engine in self.probes.items()
        }
        if any(name != "processor" for name in self.settings.services):
            checks["rabbitmq"] = self._consuming
        checks["started"] = lambda: self.started
        return checks

    def _consuming(self) -> bool | str:
        consumers = [
            extension
            for container in self.runner.containers
            for extension in container.extensions
            if isinstance(extension, SteadyQueueConsumer)
        ]
        return all(consumer.connected for consumer in consumers) or "not consuming"


def service_class(name: str) -> type:
    module, _, attribute = SERVICES[name].partition(":")
    found: type = getattr(import_module(module), attribute)
    return found


def _on_signal(act: Callable[[], None]) -> None:
    """A signal is a byte on a pipe. A handler that only wakes Python would not wake eventlet's hub from its
    sleep.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)

    def listen() -> None:
        hubs.trampoline(reader, read=True)
        act()

    eventlet.spawn(listen)


def _insist(attempt: Callable[[], None], what: str) -> None:
    """Start order does not matter: what is needed is waited for."""
    pause = 0.2
    while True:
        try:
            attempt()
            return
        except Exception as error:  # noqa: BLE001 whatever is wrong with it, it may get well
            log.warning("waiting", extra={"for": what, "error": f"{type(error).__name__}: {error}"})
        eventlet.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _answers(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(select(1)).scalar_one() == 1)

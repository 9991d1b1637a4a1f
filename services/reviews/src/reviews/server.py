"""Granian: a process that watches, and one worker that serves, in Rust at the socket and in threads at Flask.

Metrics and health are the worker's: its management port is the one that answers while it serves.
"""

import logging
import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from bazaar_shared import logs, telemetry
from bazaar_shared.management import Management
from reviews import SERVICE
from reviews.migrate import migrate_when_possible
from reviews.settings import Settings, load

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger(__name__)

DRAIN_SECONDS = 20
# longer than the gateway keeps an idle connection: it never sends into one that is being closed here
KEEP_ALIVE_SECONDS = 75


def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT: then no new connection is taken, and the requests at work are finished."""
    if not _prepared(settings):
        return
    # a worker that begins from nothing, also the one that replaces another: a fork would copy this process's
    # threads' locks in whatever state they are
    multiprocessing.set_start_method("spawn", force=True)
    Server(
        "reviews.server:load_worker",
        factory=True,
        address=settings.http_host,
        port=settings.http_port,
        interface=Interfaces.WSGI,
        workers=1,  # one process a replica: its metrics are its own
        blocking_threads=settings.http_threads,
        # more than a few waiting for each thread would only wait longer than their callers do
        backpressure=16 * settings.http_threads,
        http1_settings=HTTP1Settings(header_read_timeout=KEEP_ALIVE_SECONDS * 1000),
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_SECONDS,
        websockets=False,
        log_dictconfig=logs.logging_config(SERVICE, settings.process_name, settings.log_level),
    ).serve()


def _prepared(settings: Settings) -> bool:
    """The schema is there. Until then this process answers for its health; afterwards the worker does."""
    if not settings.migrate_on_start:
        return True
    stopping = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stopping.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    state = {"schema": "not done yet"}
    waiting = Management(
        settings.management_host, settings.management_port, ready={"schema": lambda: state["schema"]}
    )
    waiting.start()
    try:
        return migrate_when_possible(
            settings.database_url, stopping.is_set, lambda reason: state.update(schema=reason)
        )
    finally:
        waiting.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def load_worker() -> "Flask":
    """In the worker's process, which begins with nothing but the environment."""
    from reviews.app import create_app
    from reviews.database import answers
    from reviews.extensions import db

    settings = load()
    logs.configure(SERVICE, settings.process_name, settings.log_level)
    telemetry.configure(SERVICE, settings.process_name)
    app = create_app(settings)
    engine = db.engine(app)
    Management(
        settings.management_host, settings.management_port, ready={"database": lambda: answers(engine)}
    ).start()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    return app


def _end_with_parent() -> None:
    """A watching process that was killed can't tell its worker: it would serve on, beside its successor's."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

"""gunicorn, embedded: one worker process with threads, its management port beside it in the same process."""

import json
import socket
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from bazaar_shared import telemetry
from bazaar_shared.management import Management
from bazaar_shared.problems import CONTENT_TYPE, Problem
from catalog.config import Config


class CatalogServer(BaseApplication):  # type: ignore[misc]
    def __init__(self, config: Config) -> None:
        self._config = config
        self._management: Management | None = None
        super().__init__()

    def load_config(self) -> None:
        config = self._config
        # gunicorn refuses what is not HTTP before Django sees it, in HTML; it has no setting for the words
        util.write_error = write_problem
        for name, value in {
            "bind": [f"{config.http_host}:{config.http_port}"],
            "worker_class": "gthread",
            "workers": 1,  # one process a replica: its metrics are its own
            "threads": config.http_threads,
            "keepalive": 75,  # longer than the gateway keeps idle connections to us
            "graceful_timeout": 20,
            "timeout": 60,
            "worker_tmp_dir": "/dev/shm",  # noqa: S108 - the heartbeat's file; disks can stall
            "control_socket_disable": True,
            "logger_class": QuietLogger,
            "post_worker_init": self._worker_started,
            "worker_exit": self._worker_stopped,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from catalog.wsgi import application

        return application

    def _worker_started(self, worker: Any) -> None:
        from catalog.operations.health import database_answers, management

        telemetry.configure("catalog", self._config.process_name)
        self._management = management(database=database_answers)
        self._management.start()

    def _worker_stopped(self, server: Any, worker: Any) -> None:
        if self._management:
            self._management.stop()


def write_problem(sock: socket.socket, status_int: int, reason: str, mesg: str) -> None:
    """In gunicorn's place: the catalogue's problem, and the end of the connection."""
    problem = (
        Problem.of("malformed-request", mesg)
        if status_int == HTTPStatus.BAD_REQUEST
        else Problem.of_status(status_int, "" if status_int >= HTTPStatus.INTERNAL_SERVER_ERROR else mesg)
    )
    body = json.dumps({**problem.to_dict(), "status": status_int}).encode()
    head = f"HTTP/1.1 {status_int} {reason}\r\nConnection: close\r\nContent-Type: {CONTENT_TYPE}\r\n"
    util.write_nonblock(sock, f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body)


class QuietLogger(Logger):  # type: ignore[misc]
    """Leaves the logging that Django has set up as it is: JSON lines on stdout."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg

"""flower, to look at workers and tasks. It may only look (ADR 0108): workers take no remote control, and its
API, which would send it, is closed to whoever did not sign in – and nobody can.
"""

import os
import socket

from notifications.app import create_celery
from notifications.processes.starting import managed
from notifications.settings import Settings

# set by a stranger in the environment it would open the API
_OPENS_THE_API = "FLOWER_UNAUTHENTICATED_API"


def run(settings: Settings) -> int:
    os.environ.pop(_OPENS_THE_API, None)
    app = create_celery(settings)
    # arguments and results are ids; they may be shown
    arguments = [
        f"--address={settings.http_host}",
        f"--port={settings.http_port}",
        "--max-tasks=2000",
        "--purge-offline-workers=600",
        f"--logging={settings.log_level.lower()}",
    ]
    # its own /metrics, and the same ones on the management port, where all are scraped
    with managed(settings, {"page": lambda: _listens(settings.http_port)}):
        app.start(["--quiet", "flower", *arguments])
    return 0


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True

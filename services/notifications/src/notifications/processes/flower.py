"""flower, to look at workers and tasks. It may only look (ADR 0108): workers take no remote control, and its
API, which would send it, is closed to whoever did not sign in – and nobody can.
"""

import os

from notifications.app import create_celery
from notifications.settings import Settings

# set by a stranger in the environment it would open the API
_OPENS_THE_API = "FLOWER_UNAUTHENTICATED_API"


def run(settings: Settings) -> int:
    os.environ.pop(_OPENS_THE_API, None)
    app = create_celery(settings)
    # arguments and results are ids; they may be shown
    app.start(
        [
            "--quiet",
            "flower",
            f"--address={settings.http_host}",
            f"--port={settings.http_port}",
            "--max-tasks=2000",
            "--purge-offline-workers=600",
            f"--logging={settings.log_level.lower()}",
        ]
    )
    return 0

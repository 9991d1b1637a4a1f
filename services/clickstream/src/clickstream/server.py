"""uvicorn around the application: one process, one loop, shared by HTTP and the producer."""

import signal
import sys

import uvicorn

from clickstream.app import create_app
from clickstream.settings import Settings

# longer than the gateway keeps an idle connection (1.5 s): it never sends into one that is being closed here
KEEP_ALIVE_SECONDS = 75
# more than a batch waits for its body and its acknowledgement
SHUTDOWN_SECONDS = 20


def serve(settings: Settings) -> None:
    """At SIGTERM: no new connections, the requests under way are answered, then Kafka is closed."""
    # uvicorn raises the signal once more when it has ended by it, for whoever had it before
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    uvicorn.run(
        create_app(settings),
        host=settings.http_host,
        port=settings.http_port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        # the gateway writes the access log; ours is JSON and set up already
        access_log=False,
        log_config=None,
        server_header=False,
    )

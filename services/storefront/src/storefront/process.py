"""The process: uvicorn around the application, the management port beside it."""

import asyncio
import logging
import signal
import socket

import uvicorn

from bazaar_shared.management import Health, Management
from storefront.app import create_app
from storefront.pages.progress import Streams
from storefront.settings import Settings

logger = logging.getLogger(__name__)

# longer than the gateway keeps an idle connection: it never sends into one that is being closed here
_KEEP_ALIVE_SECONDS = 75
_SHUTDOWN_SECONDS = 20


class Server(uvicorn.Server):
    """uvicorn waits for requests at work before it tells the application that it ends. A stream would go on
    for its two minutes: so it is told first.
    """

    def __init__(self, config: uvicorn.Config, streams: Streams, health: Health) -> None:
        super().__init__(config)
        self._streams = streams
        self._health = health

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._health.set("server", self.started or "not started")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._health.set("server", "stopping")
        self._streams.stop.set()
        await super().shutdown(sockets)


async def serve(settings: Settings) -> None:
    app = create_app(settings)
    # ready without the others: a page says what is missing, and a market of half its stalls is still one
    health = Health("server")
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        # the gateway writes the access log; ours is JSON and set up already
        access_log=False,
        log_config=None,
        server_header=False,
        # X-Forwarded-For is read where it is needed, by its last hop
        proxy_headers=False,
    )
    management = Management(settings.management_host, settings.management_port, ready=health.checks)
    management.start()
    # uvicorn takes the signals while it serves and raises them again at its end: then they do nothing more
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)
    try:
        await Server(config, app.extensions["streams"], health).serve()
    finally:
        management.stop()

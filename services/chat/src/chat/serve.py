"""`python -m chat serve`: the server, its loops, and its end."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from bazaar_shared.management import Health, Management
from chat.app import BUFFERED_BODY, make_app
from chat.live.sessions import SessionWatch
from chat.services import Services, opened
from chat.settings import Settings
from chat.signals import stop_on_signals
from chat.storage.migrate import migrated, probe
from chat.web.base import MAX_BODY
from chat.web.sockets import Sockets
from chat.web.traffic import Traffic

logger = logging.getLogger(__name__)

# longer than the gateway keeps an idle connection: it never sends into one that is being closed here
KEEP_ALIVE_SECONDS = 75
_BODY_SECONDS = 15
_BACKLOG = 1024
# what the kernel takes for a client that does not read; beyond it the client's own queue counts
_SEND_BUFFER = 64 * 1024
_CLOSING_SECONDS = 2.0


async def serve(settings: Settings) -> None:
    stop = stop_on_signals()
    health = Health("schema", "database")
    management = Management(
        settings.management_host, settings.management_port, live=health.alive, ready=health.checks
    )
    management.start()
    sockets, traffic = Sockets(), Traffic()
    try:
        async with opened(settings) as services, _loops(services, sockets, health, stop) as ended:
            server = listen(services, sockets, traffic)
            await asyncio.wait({asyncio.create_task(stop.wait()), ended}, return_when="FIRST_COMPLETED")
            health.set("database", "going down")
            await drain(server, services, sockets, traffic)
    finally:
        management.stop()


def listen(services: Services, sockets: Sockets, traffic: Traffic) -> HTTPServer:
    settings = services.settings
    server = HTTPServer(
        make_app(services, sockets, traffic),
        idle_connection_timeout=KEEP_ALIVE_SECONDS,
        body_timeout=_BODY_SECONDS,
        max_header_size=MAX_BODY,
        # for what says nothing of its length; the rest is answered with 413 (app.py)
        max_body_size=BUFFERED_BODY,
    )
    listeners = bind_sockets(settings.http_port, settings.http_host, backlog=_BACKLOG)
    for listener in listeners:
        # connections inherit it
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    server.add_sockets(listeners)
    logger.info("serving", extra={"host": settings.http_host, "port": settings.http_port})
    return server


async def drain(server: HTTPServer, services: Services, sockets: Sockets, traffic: Traffic) -> None:
    """No new connections; long polls and sockets are told to come again, elsewhere; what was begun is
    finished. Tornado by itself would drop it all.
    """
    traffic.draining = True
    server.stop()
    services.switchboard.feeds.release_waiters()
    sockets.drain()
    if not await traffic.idle(services.settings.drain_seconds):
        logger.warning("some requests were not finished in time")
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(_CLOSING_SECONDS):
            await services.switchboard.presence.settle()
            await services.switchboard.publisher.flush()
            await server.close_all_connections()
    except TimeoutError:
        logger.warning("some connections were not closed in time")


@asynccontextmanager
async def _loops(
    services: Services, sockets: Sockets, health: Health, stop: asyncio.Event
) -> AsyncIterator[asyncio.Task[None]]:
    """As long as the server serves. Should one of them fail, the process ends, and is started again."""
    running = asyncio.create_task(_run(services, sockets, health, stop))
    try:
        yield running
    finally:
        if not running.done():
            running.cancel()
        try:
            await running
        except asyncio.CancelledError:
            logger.info("served")


async def _run(services: Services, sockets: Sockets, health: Health, stop: asyncio.Event) -> None:
    settings, switchboard = services.settings, services.switchboard
    watch = SessionWatch(
        services.identity, sockets.sessions, sockets.sessions_ended, settings.session_check_seconds
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(switchboard.publisher.run())
        group.create_task(switchboard.listener.run())
        if not await migrated(settings, health, stop):
            return
        group.create_task(probe(services.engine, health, stop))
        for loop in (switchboard.feeds, switchboard.unread, switchboard.presence, watch):
            group.create_task(loop.run())

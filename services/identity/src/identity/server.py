"""waitress, stopped gently, with its own refusals as problem details."""

import json
import logging
import signal
import threading
from time import monotonic
from typing import Any

from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from bazaar_shared.problems import CONTENT_TYPE, Problem
from identity.settings import Settings

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 20
# waitress holds a body in memory up to here; limits.py refuses those above 64 KiB with a trace id
LARGEST_BODY = 1024 * 1024
LARGEST_HEADERS = 32 * 1024


class ProblemTask(ErrorTask):
    """What waitress refuses by itself: a request line it can't read, headers or a body that are too large."""

    def execute(self) -> None:
        problem = Problem.of_status(self.request.error.code)
        body = json.dumps(problem.to_dict()).encode()
        self.status = f"{problem.status} {self.request.error.reason}"
        self.response_headers.append(("Content-Type", CONTENT_TYPE))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    error_task_class = ProblemTask


def serve(app: Any, settings: Settings, listening: threading.Event) -> None:
    """Until SIGTERM or SIGINT; then no new connection is taken and those at work are finished."""
    server = create_server(
        app,
        host=settings.http_host,
        port=settings.http_port,
        threads=settings.http_threads,
        max_request_header_size=LARGEST_HEADERS,
        max_request_body_size=LARGEST_BODY,
        channel_timeout=65,  # longer than the gateway's idle timeout: the gateway closes first
        ident=None,
        **_proxy(settings),
    )
    server.channel_class = Channel
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    listening.set()
    logger.info("listening", extra={"host": settings.http_host, "port": settings.http_port})
    while not stop.is_set():
        _turn(server)
    listening.clear()
    _drain(server)


def _turn(server: Any) -> None:
    server.asyncore.loop(timeout=0.5, map=server._map, count=1, use_poll=True)


def _drain(server: Any) -> None:
    """waitress alone drops what is at work: its threads end, but nobody is left to send what they wrote."""
    server.del_channel()
    server.socket.close()
    deadline = monotonic() + DRAIN_SECONDS
    while _at_work(server) and monotonic() < deadline:
        _turn(server)
    server.task_dispatcher.shutdown()
    logger.info("stopped")


def _at_work(server: Any) -> bool:
    return any(channel.requests or channel.total_outbufs_len for channel in server.active_channels.values())


def _proxy(settings: Settings) -> dict[str, Any]:
    """Whose word on the client's address is taken. Nobody's, unless the deployment names its gateway."""
    if settings.trusted_proxy is None:
        return {"clear_untrusted_proxy_headers": True}
    return {
        "trusted_proxy": settings.trusted_proxy,
        "trusted_proxy_count": 1,
        "trusted_proxy_headers": {"x-forwarded-for"},
        "clear_untrusted_proxy_headers": True,
    }

"""The management port, apart from the public one: `/health/live`, `/health/ready` and `/metrics`.

A plain threaded server: it answers beside asyncio, and under eventlet's monkey patching its threads are green
ones (so a hub that is stuck is seen as such). The accept loop uses no selector: what was imported before the
patching would block the hub.
"""

import json
import logging
import socket
import threading
from asyncio import AbstractEventLoop, run_coroutine_threadsafe
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler
from time import monotonic
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Gauge
from prometheus_client.exposition import choose_encoder

logger = logging.getLogger(__name__)

# True or "ok": fine. False or any other text: not, and the text says why
Check = Callable[[], bool | str]

READY = Gauge("health_check_ready", "1 for a readiness check that is good, 0 for one that is not", ["check"])

CHECK_TIMEOUT = 2.0
CACHE_SECONDS = 1.0
_CONNECTIONS = 16
_REQUEST_TIMEOUT = 5.0


class Health:
    """A board on which a loop (relay, consumer, saga worker) writes how it is; any thread may read.

    `checks` goes to `Management(ready=…)`, `alive` to `live`: a loop that did not turn for `stuck_after`
    seconds is stuck.
    """

    def __init__(self, *names: str, prefix: str = "", stuck_after: float = 60) -> None:
        self._prefix = prefix
        self._state: dict[str, bool | str] = dict.fromkeys(names, "not connected yet")
        self._stuck_after = stuck_after
        self._beat = monotonic()

    def set(self, name: str, state: bool | str) -> None:
        self._state[name] = state

    def get(self, name: str) -> bool | str:
        return self._state[name]

    def beat(self) -> None:
        self._beat = monotonic()

    def alive(self) -> bool:
        return monotonic() - self._beat < self._stuck_after

    @property
    def checks(self) -> dict[str, Check]:
        return {self._prefix + name: partial(self.get, name) for name in self._state}


def async_check(loop: AbstractEventLoop, check: Callable[[], Awaitable[bool | str]]) -> Check:
    """A check that is a coroutine function of the loop's; of use where a pool belongs to that loop."""

    async def run() -> bool | str:
        return await check()

    return lambda: run_coroutine_threadsafe(run(), loop).result(CHECK_TIMEOUT)


class Management:
    def __init__(
        self,
        host: str,
        port: int,
        *,
        live: Callable[[], bool] = lambda: True,
        ready: Mapping[str, Check] | None = None,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._address = (host, port)
        self._live = live
        self._ready = {name: _CachedCheck(name, check) for name, check in (ready or {}).items()}
        self._registry = registry
        self._listener: socket.socket | None = None
        self._stopping = False
        self._slots = threading.BoundedSemaphore(_CONNECTIONS)

    @property
    def port(self) -> int:
        """The port it listens on; of use when 0 was asked for."""
        return int(self._listener.getsockname()[1]) if self._listener else self._address[1]

    def start(self) -> None:
        self._listener = socket.create_server(self._address, backlog=64)
        self._thread = threading.Thread(target=self._accept, name="management", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._listener is None:
            return
        self._stopping = True
        # a connection of our own wakes the accept, real or green
        with socket.create_connection(("127.0.0.1", self.port), timeout=1):
            self._thread.join(timeout=2)
        self._listener.close()
        self._listener = None

    def _accept(self) -> None:
        listener = self._listener
        while listener is not None:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            if self._stopping:
                connection.close()
                return
            if not self._slots.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection, address), daemon=True).start()

    def _serve(self, connection: socket.socket, address: Any) -> None:
        try:
            with connection:
                _Handler(connection, address, self)  # type: ignore[arg-type]
        except OSError:
            logger.debug("the caller of the management port went away")
        finally:
            self._slots.release()

    def answer(self, path: str, accept: str) -> tuple[int, str, bytes]:
        """Status, content type and body for a GET."""
        match path.partition("?")[0]:
            case "/health/live":
                return _health(self._live(), {})
            case "/health/ready":
                results = self._results()
                return _health(all(result == "ok" for result in results.values()), {"checks": results})
            case "/metrics":
                self._results()
                encoder, content_type = choose_encoder(accept)
                return 200, content_type, encoder(self._registry)
            case _:
                return 404, "application/json", b'{"status":"unknown path"}'

    def _results(self) -> dict[str, str]:
        """All checks side by side: a scrape waits for one timeout at most, however many of them hang."""
        waiting = {name: check.begin() for name, check in self._ready.items()}
        deadline = monotonic() + CHECK_TIMEOUT
        results = {name: check.result(waiting[name], deadline) for name, check in self._ready.items()}
        for name, result in results.items():
            READY.labels(name).set(result == "ok")
        return results


def _health(good: bool, more: dict[str, Any]) -> tuple[int, str, bytes]:
    body = json.dumps({"status": "ok" if good else "unavailable", **more})
    return (200 if good else 503), "application/json", body.encode()


class _CachedCheck:
    """A check in a thread of its own: one that hangs is reported, and is not begun again meanwhile."""

    def __init__(self, name: str, check: Check) -> None:
        self._name = name
        self._check = check
        self._lock = threading.Lock()
        self._done: threading.Event | None = None
        self._result = "not checked yet"
        self._at = float("-inf")

    def begin(self) -> threading.Event | None:
        """What to wait for; None while the last result is young enough."""
        with self._lock:
            if self._done is None and monotonic() - self._at >= CACHE_SECONDS:
                self._done = threading.Event()
                threading.Thread(target=self._run, args=(self._done,), daemon=True).start()
            return self._done

    def result(self, done: threading.Event | None, deadline: float) -> str:
        if done is None or done.wait(max(deadline - monotonic(), 0)):
            return self._result
        return f"no answer within {CHECK_TIMEOUT:g} s"

    def _run(self, done: threading.Event) -> None:
        try:
            outcome = self._check()
            result = "ok" if outcome is True else (outcome or "failed")
        except Exception as error:  # noqa: BLE001 whatever a check raises is its answer
            result = f"{type(error).__name__}: {error}"
        with self._lock:
            self._result, self._at, self._done = result, monotonic(), None
        done.set()


class _Handler(BaseHTTPRequestHandler):
    server: Management  # type: ignore[assignment]
    protocol_version = "HTTP/1.0"
    timeout = _REQUEST_TIMEOUT
    server_version = "bazaar"
    sys_version = ""

    def do_GET(self) -> None:
        status, content_type, body = self.server.answer(self.path, self.headers.get("Accept", ""))
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """A probe each second is no news."""

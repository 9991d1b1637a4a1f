"""A real Envoy between the test and toy upstreams that remember what reached them."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from bazaar_shared.testing import TokenForge, eventually

ROOT = Path(__file__).parents[2]
SERVICES = (
    "identity",
    "catalog",
    "orders",
    "basket",
    "reviews",
    "storefront",
    "chat",
    "clickstream",
    "insights",
)
UNLIMITED = {"CLIENT_BURST": "100000", "CLIENT_REQUESTS_PER_SECOND": "100000", "CREDENTIALS_BURST": "100000"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    size: int


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


class Upstream:
    """A service of the market, as far as the gateway is concerned. `answer` may be replaced by a test."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.answer: Callable[[Request], Answer] = lambda _: Answer()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True  # the gateway gave up on this one, as some tests want

            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, len(body))
                upstream.seen.append(request)
                answer = upstream.answer(request)
                self.send_response(answer.status)
                for name, value in ({"content-type": "application/json"} | answer.headers).items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        return Handler

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Market:
    """The services behind the gateway, and the forge that makes their tokens."""

    def __init__(self) -> None:
        self.forge = TokenForge()
        self.services = {name: Upstream() for name in SERVICES}
        self.reset()

    def reset(self) -> None:
        for service in self.services.values():
            service.seen.clear()
            service.answer = lambda _: Answer()
        self["identity"].answer = self._keys

    def _keys(self, request: Request) -> Answer:
        if request.path == "/.well-known/jwks.json":
            return Answer(body=json.dumps(self.forge.jwks()).encode())
        return Answer()

    def __getitem__(self, name: str) -> Upstream:
        return self.services[name]

    @property
    def reached(self) -> list[tuple[str, str, str]]:
        """Every request that came through: (service, method, path); Envoy's own fetching of keys left out."""
        return [
            (name, request.method, request.path)
            for name, service in self.services.items()
            for request in service.seen
            if "x-request-id" in request.headers and not is_key_fetch(request)
        ]

    def bearer(self, *roles: str, **claims: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {self.forge.token(roles=roles or ('shopper',), **claims)}"}

    def close(self) -> None:
        for service in self.services.values():
            service.close()


def is_key_fetch(request: Request) -> bool:
    return request.path == "/.well-known/jwks.json" and "user-agent" not in request.headers


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gateway:
    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.port, self.management_port, self.admin_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.management = f"http://127.0.0.1:{self.management_port}"
        self.log_path = folder / "envoy.log"
        environment = {
            "PATH": os.environ["PATH"],
            "HTTP_PORT": str(self.port),
            "MANAGEMENT_PORT": str(self.management_port),
            "ADMIN_PORT": str(self.admin_port),
            "GATEWAY_STATE_DIR": str(folder),
            "ENVOY_CONCURRENCY": "1",
            **settings,
        }
        with self.log_path.open("wb") as log:
            command = [sys.executable, "-m", "gateway.run"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        self.client = httpx.Client(base_url=self.url, timeout=20)

    def ready(self) -> bool:
        if self.process.poll() is not None:  # no AssertionError: it will not get better by waiting
            raise RuntimeError(self.log_path.read_text())
        try:
            return httpx.get(f"{self.management}/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def has_keys(self) -> bool:
        stats = httpx.get(
            f"http://127.0.0.1:{self.admin_port}/stats?filter=jwks_fetch_success", timeout=2
        ).text
        return any(int(line.rsplit(" ", 1)[1]) > 0 for line in stats.splitlines())

    def log(self) -> list[dict[str, Any]]:
        lines = self.log_path.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def access(self, request_id: str) -> dict[str, Any]:
        """The access log's line for this request; Envoy writes them with some delay."""

        def line() -> dict[str, Any] | None:
            return next((entry for entry in self.log() if entry.get("request_id") == request_id), None)

        found = eventually(line, within=15)
        assert found is not None
        return found

    def stop(self) -> int:
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@contextmanager
def running(folder: Path, market: Market, **settings: str) -> Iterator[Gateway]:
    addresses = {f"{name.upper()}_ADDRESS": service.address for name, service in market.services.items()}
    gateway = Gateway(folder, addresses | UNLIMITED | settings)
    try:
        eventually(gateway.ready, within=20)
        yield gateway
    finally:
        gateway.stop()

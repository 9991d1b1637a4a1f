"""A double of basket: a small real HTTP server that knows its one route. The real one is asked in
tests/integration.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import jwt

PREFIX = "/api/basket/baskets/"

type Json = dict[str, Any]
type Answering = Callable[["Handler"], None]


@dataclass(frozen=True)
class Seen:
    basket_id: str
    since: str
    headers: dict[str, str]


@dataclass
class BasketDouble:
    url: str
    baskets: dict[str, tuple[str, Json]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    # in the place of the agreed answer
    answering: Answering | None = None

    def hold(self, owner: str, lines: list[tuple[UUID, int]], version: int = 3, **other: Any) -> Json:
        """An open basket of that shopper; what is returned may be changed."""
        basket = {
            "id": str(uuid4()),
            "version": version,
            "status": "open",
            "owner": "member",
            "lines": [_line(product, quantity) for product, quantity in lines],
            "currency": "EUR",
            "changes": [],
        } | other
        self.baskets[basket["id"]] = owner, basket
        return basket

    def forget(self) -> None:
        self.baskets.clear()
        self.seen.clear()
        self.answering = None


def _line(product: UUID, quantity: int) -> Json:
    # with prices that orders must not look at
    return {"product_id": str(product), "name": "A tea", "quantity": quantity, "unit_price_minor": 1}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    double: BasketDouble

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        basket_id, since = parts.path.removeprefix(PREFIX), parse_qs(parts.query)["since"][0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.double.seen.append(Seen(basket_id, since, headers))
        (self.double.answering or Handler.agreed)(self)

    def agreed(self) -> None:
        """As basket answers: another's basket is not there."""
        token = self.headers["Authorization"].removeprefix("Bearer ")
        subject = jwt.decode(token, options={"verify_signature": False})["sub"]
        owner, basket = self.double.baskets.get(self.double.seen[-1].basket_id, ("", {}))
        if owner == subject:
            self.tell(200, basket)
        else:
            self.tell(404, {"type": "https://bazaar.example/problems/not-found", "status": 404})

    def tell(self, status: int, body: Any, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # twenty may ask at once
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what some tests are about."""


@contextmanager
def basket_double() -> Iterator[BasketDouble]:
    handler = type("OfThisDouble", (Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    handler.double = BasketDouble(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield handler.double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

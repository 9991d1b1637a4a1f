"""Doubles of identity, catalog and orders: one small real HTTP server that knows the routes chat asks. The
real ones are asked in tests/integration.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt

from bazaar_shared.testing import TokenForge

type Json = dict[str, Any]


def stall(slug: str = "teas") -> Json:
    return {"id": str(uuid4()), "slug": slug, "name": f"The {slug} stall"}


@dataclass
class Neighbors:
    forge: TokenForge
    url: str = ""
    names: dict[str, str] = field(default_factory=dict)
    stalls: dict[str, Json] = field(default_factory=dict)
    products: dict[str, Json] = field(default_factory=dict)
    # an account's stalls, and an order's shopper and stalls
    staff: dict[str, list[str]] = field(default_factory=dict)
    orders: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    # of these services none answers but with a fault
    away: set[str] = field(default_factory=set)
    asked: Counter[str] = field(default_factory=Counter)
    # the newest trace that each was asked in
    traces: dict[str, str] = field(default_factory=dict)

    def open_stall(self, *staff: str, slug: str = "teas") -> str:
        new = stall(slug)
        self.stalls[new["id"]] = new
        for account in staff:
            self.staff.setdefault(account, []).append(new["id"])
        return new["id"]

    def sell(self, seller: str, name: str = "A tea") -> str:
        product = str(uuid4())
        self.products[product] = {
            "id": product,
            "name": name,
            "seller": self.stalls[seller],
            "price_minor": 1,
        }
        return product

    def order(self, shopper: str, *sellers: str) -> str:
        order = str(uuid4())
        self.orders[order] = (shopper, list(sellers))
        return order

    def answer(self, path: str, query: dict[str, list[str]], body: Any, token: str) -> tuple[int, Any]:
        parts = path.strip("/").split("/")[1:]
        self.asked["/".join(parts[:2])] += 1
        if parts[0] in self.away:
            return 503, {}
        subject, roles = _claims(token)
        found = getattr(self, f"_{parts[0]}")(parts[1:], query, body, subject, roles)
        return (404, {}) if found is None else (200, found)

    def _identity(self, path: list[str], query: Any, body: Any, subject: str, roles: list[str]) -> Any:
        match path:
            case ["jwks"]:
                return self.forge.jwks()
            case ["oauth", "token"]:
                token = self.forge.token("service:chat", ("service",))
                return {"access_token": token, "token_type": "Bearer", "expires_in": 600}
            case ["accounts", account] if "service" in roles and account in self.names:
                return {"id": account, "display_name": self.names[account], "email": "a@b.example"}
            case ["sessions", "ended"] if "service" in roles:
                return {"ended": [one for one in body["session_ids"] if one in self.ended]}
        return None

    def _catalog(self, path: list[str], query: Any, body: Any, subject: str, roles: list[str]) -> Any:
        match path:
            case ["sellers", "mine"]:
                return _page([self.stalls[one] for one in self.staff.get(subject, [])])
            case ["sellers"]:
                wanted = query.get("ids", [""])[0].split(",")
                return _page([self.stalls[one] for one in wanted if one in self.stalls])
            case ["products", product]:
                return self.products.get(product)
        return None

    def _orders(self, path: list[str], query: Any, body: Any, subject: str, roles: list[str]) -> Any:
        owner, sellers = self.orders.get(path[0], ("", []))
        if owner != subject and "operator" not in roles:
            return None
        return {"id": path[0], "lines": [{"seller_id": seller, "quantity": 1} for seller in sellers]}


def _page(items: list[Any]) -> Json:
    return {"items": items, "next_cursor": None}


def _claims(token: str) -> tuple[str, list[str]]:
    if not token:
        return "", []
    claims = jwt.decode(token, options={"verify_signature": False})
    return claims["sub"], claims.get("roles", [])


@contextmanager
def serving(neighbors: Neighbors) -> Iterator[Neighbors]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw.startswith(b"{") else None
            service = parts.path.strip("/").split("/")[1]
            neighbors.traces[service] = self.headers.get("traceparent", "--").split("-")[1]
            kind, _, token = self.headers.get("Authorization", "").partition(" ")
            status, found = neighbors.answer(
                parts.path, parse_qs(parts.query), body, token if kind == "Bearer" else ""
            )
            answer = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET  # noqa: N815 http.server's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # a crowd comes all at once

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    neighbors.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield neighbors
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Small real HTTP servers where chat asks its neighbors: the issuer's keys, identity and catalog.

Each product is its stall's only one and has the stall's number; each stall has one account that works there,
and all of them work in the first stall, too.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid5

from bazaar_shared.testing import TokenForge

HERE = UUID("0b5e7c1e-0000-4000-8000-00000000c4a7")
LIFE = 4 * 3600


def shopper(number: int) -> str:
    return str(uuid5(HERE, f"shopper {number}"))


def staff(number: int) -> str:
    return str(uuid5(HERE, f"staff {number}"))


def stall(number: int) -> dict[str, str]:
    return {"id": str(uuid5(HERE, f"stall {number}")), "slug": f"stall-{number}", "name": f"Stall {number}"}


def product(number: int) -> str:
    return str(uuid5(HERE, f"product {number}"))


@dataclass
class Neighbors:
    stalls: int
    url: str = ""
    forge: TokenForge = field(default_factory=TokenForge)
    asked: int = 0

    def __post_init__(self) -> None:
        numbers = range(self.stalls)
        self.products = {product(number): number for number in numbers}
        self.works_in = {staff(number): sorted({0, number}) for number in numbers}

    def token(self, account: str) -> str:
        """Good for the whole measurement."""
        roles = ("shopper", "seller") if account in self.works_in else ("shopper",)
        claims = self.forge.claims(account, roles)
        return self.forge.sign(claims | {"exp": claims["iat"] + LIFE})

    # --- answers ----------------------------------------------------------------------------------

    def answer(self, path: str, query: dict[str, list[str]], token: str) -> Any:
        """None is a 404."""
        self.asked += 1
        match path.strip("/").split("/")[1:]:
            case ["jwks"]:
                return self.forge.jwks()
            case ["identity", "oauth", "token"]:
                claims = self.forge.claims("service:chat", ("service",))
                return {"access_token": self.forge.sign(claims), "token_type": "Bearer", "expires_in": 600}
            case ["identity", "sessions", "ended"]:
                return {"ended": []}
            case ["identity", "accounts", account]:
                return {"id": account, "display_name": "Ada", "roles": ["shopper"], "state": "active"}
            case ["catalog", "sellers", "mine"]:
                return page([stall(number) for number in self.works_in.get(subject(token), [])])
            case ["catalog", "sellers"]:
                wanted = set(",".join(query.get("ids", [])).split(","))
                return page([each for each in map(stall, range(self.stalls)) if each["id"] in wanted])
            case ["catalog", "staff"]:
                return page(self.staff_of(query["seller_id"][0]))
            case ["catalog", "products", "batch"]:
                wanted_ids = ",".join(query["ids"]).split(",")
                return page([self.product(each) for each in wanted_ids if each in self.products])
            case ["catalog", "products", each] if each in self.products:
                return self.product(each)
        return None

    def product(self, product_id: str) -> dict[str, Any]:
        number = self.products[product_id]
        return {
            "id": product_id,
            "name": f"A tea of stall {number}",
            "seller": stall(number),
            "status": "active",
        }

    def staff_of(self, seller_id: str) -> list[dict[str, str]]:
        return [
            {"seller_id": seller_id, "account_id": account}
            for account, numbers in self.works_in.items()
            if any(stall(number)["id"] == seller_id for number in numbers)
        ]


def page(items: list[Any]) -> dict[str, Any]:
    return {"items": items, "next_cursor": None}


def subject(token: str) -> str:
    """Who a token is for; chat has verified it before it asks on."""
    try:
        payload = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])
    except (IndexError, ValueError, KeyError):
        return ""


@contextmanager
def serving(neighbors: Neighbors) -> Iterator[Neighbors]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            found = neighbors.answer(parts.path, parse_qs(parts.query), token)
            body = json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - http.server's name

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

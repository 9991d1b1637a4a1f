"""identity, catalog and orders over real HTTP, as far as notifications asks them."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

SELLER = UUID("5f3c8f0e-36f5-5d4c-9f9d-0b8b7f6f2a10")
OTHER_SELLER = UUID("6a3c8f0e-36f5-5d4c-9f9d-0b8b7f6f2a11")
NAMES = {SELLER: "Leaf & Kettle", OTHER_SELLER: "Far Corners"}
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400">'
    b'<rect width="400" height="400" fill="#17533f"/><text x="90" y="220" font-family="Georgia, serif" '
    b'font-size="60" fill="#fff">tea</text></svg>'
)


class Market:
    def __init__(self) -> None:
        self.orders: dict[UUID, dict[str, Any]] = {}
        self.products: dict[UUID, dict[str, Any]] = {}
        self.pictures: dict[str, tuple[str, bytes]] = {}
        self.staff: dict[UUID, list[UUID]] = {}
        self.erased: set[UUID] = set()
        self.away: set[str] = set()
        self.picture_failures = 0
        self.asked: Counter[str] = Counter()
        self.tokens = {f"token-{uuid4()}"}
        self.url = ""

    def product(
        self, name: str = "Dragon Well", seller_id: UUID = SELLER, picture: bytes | None = SVG
    ) -> UUID:
        product_id, source = uuid4(), uuid4()
        if picture is not None:
            self.pictures[str(source)] = ("image/svg+xml", picture)
        self.products[product_id] = {
            "id": str(product_id),
            "name": name,
            "seller": {"id": str(seller_id), "slug": str(seller_id)[:8], "name": NAMES[seller_id]},
            "price_minor": 1290,
            "currency": "EUR",
            "picture_url": f"/api/catalog/pictures/{source}" if picture is not None else None,
        }
        return product_id

    def order(self, *products: UUID, quantity: int = 2, status: str = "confirmed") -> "Ordered":
        order_id = uuid4()
        lines = [self._line(product_id, quantity) for product_id in products]
        total = sum(line["line_total_minor"] for line in lines)
        self.orders[order_id] = {
            "id": str(order_id),
            "status": status,
            "reason": None,
            "lines": lines,
            "total_minor": total,
            "tax_minor": sum(round(line["line_total_minor"] * 7 / 107) for line in lines),
            "discount_minor": 0,
            "currency": "EUR",
            "delivery_address": {
                "name": "Ada Lovelace",
                "line1": "12 St James's Square",
                "line2": None,
                "postal_code": "SW1Y 4JH",
                "city": "London",
                "country": "GB",
            },
            "parcels": [
                {"seller_id": lines[0]["seller_id"], "status": "in_transit", "tracking_code": "BZTRACK"}
            ],
            "created_at": "2026-11-26T09:30:00Z",
        }
        return Ordered(order_id, uuid4(), lines, total)

    def _line(self, product_id: UUID, quantity: int) -> dict[str, Any]:
        product = self.products[product_id]
        return {
            "product_id": str(product_id),
            "seller_id": product["seller"]["id"],
            "name": product["name"],
            "quantity": quantity,
            "unit_price_minor": product["price_minor"],
            "tax_rate_bp": 700,
            "line_total_minor": quantity * product["price_minor"],
        }

    def answer(self, path: str, query: dict[str, list[str]], token: str) -> tuple[int, Any]:
        service = path.split("/")[2]
        self.asked[path.rsplit("/", 1)[0]] += 1
        if service in self.away:
            return 503, {"title": "away"}
        inside = path.startswith(("/api/identity/accounts", "/api/orders/", "/api/catalog/staff"))
        if inside and token not in self.tokens:
            return 401, {"title": "unauthorized"}
        match path.split("/")[2:]:
            case ["identity", "accounts", account_id]:
                if UUID(account_id) in self.erased:
                    return 404, {}
                return 200, {
                    "id": account_id,
                    "email": address(UUID(account_id)),
                    "display_name": "Ada Lovelace",
                }
            case ["orders", order_id]:
                order = self.orders.get(UUID(order_id))
                return (200, order) if order else (404, {})
            case ["catalog", *rest]:
                return self._of_catalog(rest, query)
        return 404, {}

    def _of_catalog(self, path: list[str], query: dict[str, list[str]]) -> tuple[int, Any]:
        match path:
            case ["products", "batch"]:
                ids = [UUID(one) for one in query["ids"][0].split(",")]
                return 200, {"items": [self.products[one] for one in ids if one in self.products]}
            case ["sellers"]:
                ids = [UUID(one) for one in query["ids"][0].split(",")]
                items = [
                    {"id": str(one), "slug": str(one)[:8], "name": NAMES[one]} for one in ids if one in NAMES
                ]
                limit = int(query.get("limit", ["20"])[0])
                return 200, {"items": items[:limit], "next_cursor": None}
            case ["staff"]:
                seller_id = query["seller_id"][0]
                staff = self.staff.get(UUID(seller_id), [])
                return 200, {"items": [{"seller_id": seller_id, "account_id": str(one)} for one in staff]}
            case ["pictures", _] if self.picture_failures > 0:
                self.picture_failures -= 1
                return 503, {"title": "away"}
            case ["pictures", name]:
                return (200, self.pictures[name]) if name in self.pictures else (404, {})
        return 404, {}

    @contextmanager
    def served(self) -> Iterator["Market"]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class Ordered:
    """An order as orders has it, and what it tells of it."""

    def __init__(self, order_id: UUID, shopper_id: UUID, lines: list[dict[str, Any]], total: int) -> None:
        self.id, self.shopper_id, self.lines, self.total = order_id, shopper_id, lines, total
        self.version = 0

    def data(self, status: str, reason: str | None = None) -> dict[str, Any]:
        names = ("product_id", "seller_id", "quantity", "unit_price_minor", "line_total_minor")
        return {
            "order_id": str(self.id),
            "status": status,
            "reason": reason,
            "shopper_id": str(self.shopper_id),
            "total_minor": self.total,
            "currency": "EUR",
            "basket_id": None,
            "basket_version": None,
            "lines": [{name: line[name] for name in names} for line in self.lines],
        }


def address(account_id: UUID) -> str:
    return f"{account_id}@shoppers.example"


def _handler(market: Market) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, answer = market.answer(parts.path, parse_qs(parts.query), token)
            if isinstance(answer, tuple):
                self._send(status, *answer)
            else:
                self._send(status, "application/json", json.dumps(answer).encode())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if "identity" in market.away or self.path != "/api/identity/oauth/token":
                return self._send(503, "application/json", b"{}")
            granted = {"access_token": next(iter(market.tokens)), "expires_in": 600}
            return self._send(200, "application/json", json.dumps(granted).encode())

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler

"""Real servers: a database for each session of tests, a JWKS endpoint, the application over ASGI."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from dependency_injector import providers
from orders.app import create_app
from orders.container import Container, close
from orders.migrate import migrate
from orders.settings import Settings, load
from prometheus_client import CollectorRegistry

from bazaar_shared import telemetry
from bazaar_shared.testing import TokenForge, temporary_database
from tests.component.basket import BasketDouble, basket_double

SELLER = UUID("11111111-1111-4111-8111-111111111111")
OTHER_SELLER = UUID("22222222-2222-4222-8222-222222222222")
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Torstraße 1",
    "line2": None,
    "postal_code": "10119",
    "city": "Berlin",
    "country": "DE",
}


def server(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set; start the servers: make test S=orders", pytrace=False)
    return value


@pytest.fixture(scope="session", autouse=True)
def traced() -> None:
    telemetry.configure("orders", "tests")


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    with temporary_database(server("TEST_POSTGRES_URL"), "test_orders") as url:
        yield url


@pytest.fixture(scope="session")
def forge() -> TokenForge:
    return TokenForge()


@pytest.fixture(scope="session")
def jwks_url(forge: TokenForge) -> Iterator[str]:
    with forge.serving() as url:
        yield url


@pytest.fixture(scope="session")
def the_double() -> Iterator[BasketDouble]:
    with basket_double() as double:
        yield double


@pytest.fixture
def basket(the_double: BasketDouble) -> BasketDouble:
    the_double.forget()
    return the_double


@pytest.fixture
def settings(database: str, jwks_url: str, basket: BasketDouble, request: pytest.FixtureRequest) -> Settings:
    """A test may say what it wants otherwise: `parametrize("settings", [{…}], indirect=True)`."""
    usual = load(
        database_url=database,
        database_connections=24,
        jwks_url=jwks_url,
        basket_url=basket.url,
        kafka_bootstrap_servers=os.environ.get("TEST_KAFKA_BOOTSTRAP", "127.0.0.1:1"),
        amqp_url=os.environ.get("TEST_AMQP_URL", "amqp://127.0.0.1:1"),
        saga_step_timeout=1,
        saga_lease=2,
        saga_poll=0.05,
    )
    return usual.model_copy(update=getattr(request, "param", {}))


class RecordedRpc:
    """In the place of the RPC client: gives the replies it was told to, remembers all it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.replies: dict[str, list[Any]] = {}

    def on(self, method: str, *replies: Any) -> None:
        """Given in turn, the last one again and again; an exception is raised, a callable is called."""
        self.replies[method] = list(replies)

    async def call(self, service: str, method: str, /, *, within: float, **arguments: Any) -> Any:
        self.calls.append((method, {"service": service, **arguments}))
        queue = self.replies.get(method, [_agreeable(method, arguments)])
        reply = queue.pop(0) if len(queue) > 1 else queue[0]
        if callable(reply) and not isinstance(reply, type):
            reply = reply(arguments)
            if asyncio.iscoroutine(reply):
                reply = await reply
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]

    async def close(self) -> None:
        pass


def _agreeable(method: str, arguments: dict[str, Any]) -> Any:
    if method != "book_parcels":
        return {"state": "fine"}
    sellers = sorted({line["seller_id"] for line in arguments["lines"]})
    return {
        "parcels": [
            {"parcel_id": str(uuid4()), "seller_id": seller, "tracking_code": f"BZ{n}", "status": "booked"}
            for n, seller in enumerate(sellers)
        ]
    }


@pytest.fixture
def rpc() -> RecordedRpc:
    return RecordedRpc()


@pytest.fixture
async def container(settings: Settings, rpc: RecordedRpc) -> AsyncIterator[Container]:
    """The real one, with only the far side of the RPC replaced; the tables are empty."""
    container = Container(settings=settings)
    container.rpc.override(providers.Object(rpc))
    await migrate(settings.sqlalchemy_url)
    await container.pool()
    tables = "outbox, inbox, journal, idempotency_key, parcel, order_line, saga, orders, product_price"
    await container.pool().execute(f"truncate {tables} restart identity")
    yield container
    await close(container)


@pytest.fixture
def pool(container: Container) -> asyncpg.Pool:
    return container.pool()


@pytest.fixture
async def api(container: Container) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(container, CollectorRegistry())
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
        yield client


@dataclass
class Market:
    """A shopper before a shelf: what the tests buy."""

    api: httpx.AsyncClient
    pool: asyncpg.Pool
    forge: TokenForge
    shopper: str

    async def sell(
        self,
        price: int = 1000,
        *,
        tax: int = 1900,
        seller: UUID = SELLER,
        name: str = "A tea",
        status: str = "active",
    ) -> UUID:
        product = uuid4()
        await self.pool.execute(
            "insert into product_price"
            " (product_id, seller_id, name, price_minor, currency, tax_rate_bp, status, version)"
            " values ($1, $2, $3, $4, 'EUR', $5, $6, 1)",
            product, seller, name, price, tax, status,
        )  # fmt: skip
        return product

    def body(self, lines: list[tuple[UUID, int]], total: int, **other: Any) -> dict[str, Any]:
        return {
            "lines": [{"product_id": str(product), "quantity": quantity} for product, quantity in lines],
            "delivery_address": ADDRESS,
            "payment_token": "tok_approve",
            "expected_total_minor": total,
            "currency": "EUR",
        } | other

    def headers(self, subject: str | None = None, roles: tuple[str, ...] = ("shopper",)) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.forge.token(subject or self.shopper, roles)}"}

    async def post(self, body: Any, key: str | None = None, **more: Any) -> httpx.Response:
        headers = self.headers() | {"Idempotency-Key": key or uuid4().hex}
        return await self.api.post("/api/orders", json=body, headers=headers, **more)

    def basket_body(self, basket: Mapping[str, Any], total: int, **other: Any) -> dict[str, Any]:
        body = self.body([], total, basket={"id": basket["id"], "version": basket["version"]})
        del body["lines"]
        return body | other

    async def buy(self, price: int = 1000, quantity: int = 1) -> dict[str, Any]:
        product = await self.sell(price)
        answer = await self.post(self.body([(product, quantity)], price * quantity))
        assert answer.status_code == 202, answer.text
        return answer.json()

    async def get(
        self, path: str, subject: str | None = None, roles: tuple[str, ...] = ("shopper",)
    ) -> httpx.Response:
        return await self.api.get(path, headers=self.headers(subject, roles))

    async def order(self, order_id: str) -> dict[str, Any]:
        answer = await self.get(f"/api/orders/{order_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def cancel(self, order_id: str, subject: str | None = None) -> httpx.Response:
        return await self.api.post(f"/api/orders/{order_id}/cancel", headers=self.headers(subject))

    async def counts(self) -> dict[str, int]:
        tables = ("orders", "order_line", "saga", "idempotency_key", "outbox", "journal")
        return {table: await self.pool.fetchval(f"select count(*) from {table}") for table in tables}


NOTHING = {"orders": 0, "order_line": 0, "saga": 0, "idempotency_key": 0, "outbox": 0, "journal": 0}


@pytest.fixture
def market(api: httpx.AsyncClient, pool: asyncpg.Pool, forge: TokenForge) -> Market:
    return Market(api, pool, forge, shopper=str(uuid4()))

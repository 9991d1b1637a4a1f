"""Real servers: a database for each session of tests, a JWKS endpoint, and the service as it is started."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from basket.database import connected, migrate
from basket.events.incoming import handle
from basket.settings import Settings, load

from bazaar_shared import telemetry
from bazaar_shared.consumer import Record
from bazaar_shared.envelope import Event
from bazaar_shared.testing import TokenForge, temporary_database
from tests.component.process import Process, running

SELLER = UUID("11111111-1111-4111-8111-111111111111")
TABLES = "outbox, inbox, purchase, basket_change, basket_line, basket, product, stock"


def server(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set; start the servers: make test S=basket", pytrace=False)
    return value


@pytest.fixture(scope="session", autouse=True)
def prepared() -> None:
    telemetry.configure("basket", "tests")


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    with temporary_database(server("TEST_POSTGRES_URL"), "test_basket") as url:
        yield url


@pytest.fixture(scope="session")
def forge() -> TokenForge:
    return TokenForge()


@pytest.fixture(scope="session")
def jwks_url(forge: TokenForge) -> Iterator[str]:
    with forge.serving() as url:
        yield url


@pytest.fixture
def settings(database: str, jwks_url: str) -> Settings:
    return load(database_url=database, jwks_url=jwks_url, kafka_bootstrap_servers="127.0.0.1:1")


@pytest.fixture(scope="session")
def environment(database: str, jwks_url: str) -> dict[str, str]:
    """What the processes are started with. No broker: what serves shoppers does without one."""
    return {
        "DATABASE_URL": database,
        "JWKS_URL": jwks_url,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "BASKET_EXPIRY_INTERVAL": "3600",
    }


@pytest.fixture(scope="session")
def serving(environment: dict[str, str]) -> Iterator[Process]:
    with running("serve", **environment) as process:
        yield process


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[asyncpg.Pool]:
    """The tables, empty."""
    await migrate(settings)
    async with asyncpg.create_pool(settings.dsn, min_size=1, max_size=4) as pool:
        await pool.execute(f"truncate {TABLES} restart identity")
        yield pool


@pytest.fixture
async def orm(settings: Settings, pool: asyncpg.Pool) -> AsyncIterator[None]:
    """Tortoise, connected in the test's own process: for handlers of events, which know no HTTP."""
    async with connected(settings):
        yield


@pytest.fixture
async def api(serving: Process, pool: asyncpg.Pool) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=serving.url) as client:
        yield client


@dataclass
class Holder:
    """Somebody with a basket: what it was when they last saw it, and what they prove themselves with."""

    api: httpx.AsyncClient
    headers: dict[str, str]
    seen: dict[str, Any]

    @property
    def id(self) -> str:
        return self.seen["id"]

    @property
    def lines(self) -> dict[str, int]:
        return {line["product_id"]: line["quantity"] for line in self.seen["lines"]}

    def line(self, product: UUID) -> dict[str, Any]:
        return next(line for line in self.seen["lines"] if line["product_id"] == str(product))

    async def send(
        self, method: str, path: str = "", *, version: int | str | None = -1, **more: Any
    ) -> httpx.Response:
        """`version`: the one that was seen, if none is given; None sends no If-Match."""
        seen = self.seen["version"] if version == -1 else version
        headers = self.headers | ({} if seen is None else {"If-Match": f'"{seen}"'})
        return await self.api.request(method, f"/baskets/{self.id}{path}", headers=headers, **more)

    async def done(self, method: str, path: str = "", **more: Any) -> dict[str, Any]:
        answer = await self.send(method, path, **more)
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
        self.seen = answer.json()
        return self.seen

    async def add(self, product: UUID, quantity: int = 1) -> dict[str, Any]:
        body = {"product_id": str(product), "quantity": quantity}
        return await self.done("POST", "/lines", json=body)

    async def look(self, since: int | None = None) -> dict[str, Any]:
        return await self.done("GET", "" if since is None else f"?since={since}")


@dataclass
class Shop:
    """What the tests shop in: shelves filled by events, guests and members."""

    api: httpx.AsyncClient
    pool: asyncpg.Pool
    forge: TokenForge
    told: dict[UUID, int] = field(default_factory=dict)

    async def tell(self, topic: str, event: Event) -> None:
        await handle(event, Record(topic, 0, 0, event.subject))

    def product_event(self, product: UUID, version: int | None = None, **changes: Any) -> Event:
        self.told[product] = version or self.told.get(product, 0) + 1
        data = {
            "product_id": str(product),
            "sku": "TEA-1",
            "name": "A tea",
            "seller_id": str(SELLER),
            "seller_slug": "teas",
            "category": "tea",
            "price_minor": 1000,
            "currency": "EUR",
            "tax_rate_bp": 700,
            "status": "active",
            "picture_url": "/pictures/tea",
        } | changes
        return Event.new(
            source="/bazaar/catalog",
            type="bazaar.catalog.product.v1",
            subject=str(product),
            version=self.told[product],
            data=data,
        )

    async def sell(self, price: int = 1000, **changes: Any) -> UUID:
        product = uuid4()
        await self.change(product, price_minor=price, **changes)
        return product

    async def change(self, product: UUID, **changes: Any) -> None:
        await self.tell("catalog.product", self.product_event(product, **changes))

    async def stock(self, product: UUID, available: int, version: int = 1) -> None:
        data = {"product_id": str(product), "on_hand": available, "reserved": 0, "available": available}
        event = Event.new(
            source="/bazaar/fulfillment/inventory",
            type="bazaar.inventory.stock.v1",
            subject=str(product),
            version=version,
            data=data,
        )
        await self.tell("inventory.stock", event)

    def token(self, subject: str | None = None, **more: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.forge.token(subject, **more)}"}

    async def guest(self) -> Holder:
        answer = await self.api.post("/baskets")
        assert answer.status_code == 201, answer.text
        seen = answer.json()
        return Holder(self.api, {"Basket-Token": seen.pop("token")}, seen)

    async def member(self, subject: str | None = None) -> Holder:
        headers = self.token(subject)
        answer = await self.api.get("/baskets/mine", headers=headers)
        assert answer.status_code == 200, answer.text
        return Holder(self.api, headers, answer.json())

    async def merge(self, guest: Holder, member: Holder) -> httpx.Response:
        body = {"basket_id": guest.id, "token": guest.headers["Basket-Token"]}
        return await self.api.post("/baskets/mine/merge", json=body, headers=member.headers)

    async def events(self, basket: str) -> list[tuple[int, str]]:
        """Version and status of each event of a basket, in the order in which they were written."""
        rows = await self.pool.fetch(
            "select (envelope->>'aggregateversion')::int as version, envelope->'data'->>'status' as status"
            " from outbox where key = $1 and topic = 'basket.basket' order by id",
            basket,
        )
        return [(row["version"], row["status"]) for row in rows]


@pytest.fixture
def shop(api: httpx.AsyncClient, orm: None, pool: asyncpg.Pool, forge: TokenForge) -> Shop:
    return Shop(api, pool, forge)

"""Real servers: a database for each session of tests, Redis, two replicas as they are started, and doubles of
the neighbors.
"""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from bazaar_shared import telemetry
from bazaar_shared.testing import TokenForge, temporary_database
from tests.component.client import Client
from tests.component.neighbors import Neighbors, serving
from tests.component.process import Process, running

TABLES = "inbox, order_event, tracked_order, message, conversation"

type Json = dict[str, Any]


def server(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set; start the servers: make test S=chat", pytrace=False)
    return value


@pytest.fixture(scope="session", autouse=True)
def prepared() -> None:
    telemetry.configure("chat", "tests")


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    with temporary_database(server("TEST_POSTGRES_URL"), "test_chat") as url:
        yield url


@pytest.fixture(scope="session")
def forge() -> TokenForge:
    return TokenForge()


@pytest.fixture(scope="session")
def neighborhood(forge: TokenForge) -> Iterator[Neighbors]:
    with serving(Neighbors(forge)) as neighbors:
        yield neighbors


@pytest.fixture(scope="session")
def environment(
    database: str, neighborhood: Neighbors, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What the processes are started with. No broker: what serves people does without one."""
    secrets: Path = tmp_path_factory.mktemp("secrets")
    for name in ("client_secret", "cookie_key"):
        (secrets / name).write_text(f"{name} for tests, long enough for HMAC")
    return {
        "DATABASE_URL": database,
        "REDIS_URL": server("TEST_REDIS_URL"),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "IDENTITY_URL": neighborhood.url,
        "CATALOG_URL": neighborhood.url,
        "ORDERS_URL": neighborhood.url,
        "JWKS_URL": f"{neighborhood.url}/api/identity/jwks",
        "CLIENT_SECRET_FILE": str(secrets / "client_secret"),
        "COOKIE_KEY_FILE": str(secrets / "cookie_key"),
        "SESSION_CHECK_SECONDS": "0.5",
        "ALLOWED_ORIGINS": "https://shop.example",
        # long: what arrives sooner was told by a wake-up
        "POLL_SECONDS": "60",
    }


@pytest.fixture(scope="session")
def replicas(environment: dict[str, str]) -> Iterator[tuple[Process, Process]]:
    one, two = (environment | {"PROCESS_NAME": name} for name in ("chat", "chat-2"))
    with running("serve", **one) as first, running("serve", **two) as second:
        yield first, second


@pytest.fixture
async def pool(database: str, replicas: tuple[Process, Process]) -> AsyncIterator[asyncpg.Pool]:
    """The tables, empty."""
    async with asyncpg.create_pool(database, min_size=1, max_size=4) as pool:
        await pool.execute(f"truncate {TABLES}")
        yield pool


@dataclass
class Person:
    market: "Market"
    id: str
    roles: tuple[str, ...] = ("shopper",)
    session: str = field(default_factory=lambda: str(uuid4()))

    def token(self, **claims: Any) -> str:
        return self.market.neighbors.forge.token(self.id, self.roles, **{"sid": self.session} | claims)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}"}

    async def ask(self, method: str, path: str, replica: int = 0, **more: Any) -> httpx.Response:
        headers = self.headers | more.pop("headers", {})
        return await self.market.api[replica].request(method, path, headers=headers, **more)

    async def done(self, method: str, path: str, replica: int = 0, **more: Any) -> Any:
        answer = await self.ask(method, path, replica, **more)
        assert answer.is_success, answer.text
        return answer.json()

    async def open(self, product: str, **more: Any) -> Json:
        body = {"subject": {"kind": "product", "id": product}, **more}
        return await self.done("POST", "/conversations", json=body)

    async def write(
        self, conversation: str, body: str, message_id: str | None = None, replica: int = 0
    ) -> httpx.Response:
        new = {"client_message_id": message_id or str(uuid4()), "body": body}
        return await self.ask("POST", f"/conversations/{conversation}/messages", replica, json=new)

    async def socket(self, replica: int = 0, **claims: Any) -> Client:
        return await self.market.connect(self.token(**claims), replica)


@dataclass
class Market:
    api: tuple[httpx.AsyncClient, httpx.AsyncClient]
    replicas: tuple[Process, Process]
    pool: asyncpg.Pool
    neighbors: Neighbors
    redis: Redis
    clients: list[Client] = field(default_factory=list)

    def person(self, name: str | None = None, roles: tuple[str, ...] = ("shopper",)) -> Person:
        person = Person(self, str(uuid4()), roles)
        if name:
            self.neighbors.names[person.id] = name
        return person

    def stall(self, slug: str = "teas") -> tuple[Person, str]:
        """Somebody who works in a new stall, and one of its products."""
        seller = self.person(roles=("shopper", "seller"))
        return seller, self.neighbors.sell(self.neighbors.open_stall(seller.id, slug=slug))

    async def talk(self) -> tuple[Person, Person, str]:
        """A shopper, a seller and their conversation."""
        shopper = self.person("Ada")
        seller, product = self.stall()
        return shopper, seller, (await shopper.open(product))["id"]

    def origin(self, replica: int) -> str:
        return f"http://{self.replicas[replica].address}"

    async def connect(self, token: str | None, replica: int = 0, **more: Any) -> Client:
        client = await Client.connect(self.replicas[replica].address, token, **more)
        self.clients.append(client)
        return client


@pytest.fixture
async def market(
    replicas: tuple[Process, Process], pool: asyncpg.Pool, neighborhood: Neighbors
) -> AsyncIterator[Market]:
    async with (
        httpx.AsyncClient(base_url=replicas[0].url, timeout=30) as one,
        httpx.AsyncClient(base_url=replicas[1].url, timeout=30) as two,
    ):
        redis = Redis.from_url(server("TEST_REDIS_URL"))
        market = Market((one, two), replicas, pool, neighborhood, redis)
        yield market
        for client in market.clients:
            await client.close()
        await redis.aclose()
        neighborhood.away.clear()
        neighborhood.ended.clear()

"""A stage for the accepting part: the orders service on a database of its own, in the place of the market's.

What is placed there never reaches the market's books. When the block ends the database is dropped and the
market's orders processes run again.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from native.native_mode import NativeMode
from native.paths import RUN

ORDERS = ("orders", "orders-relay", "orders-consume", "orders-saga")
START = 60.0
PRICE = """
insert into product_price (product_id, seller_id, name, price_minor, currency, tax_rate_bp, status, version)
values ($1, $2, $3, $4, $5, $6, 'active', 1)
"""
SETTINGS = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "max_connections", "wal_level")


class StageError(Exception):
    pass


@dataclass(frozen=True)
class Stage:
    database: str
    pid: int
    password: str
    address: str
    market: dict[str, Any]

    async def connect(self) -> Any:
        return await connect(self.address, self.password, self.database)

    async def count(self, table: str) -> int:
        connection = await self.connect()
        try:
            return int(await connection.fetchval(f"select count(*) from {table}"))  # noqa: S608 - the bench's own names
        finally:
            await connection.close()

    async def settings(self) -> dict[str, str]:
        connection = await self.connect()
        try:
            return {name: await connection.fetchval(f"show {name}") for name in SETTINGS}
        finally:
            await connection.close()


async def connect(address: str, password: str, database: str = "postgres") -> Any:
    host, _, port = address.partition(":")
    return await asyncpg.connect(
        host=host, port=int(port), user="postgres", password=password, database=database, timeout=10
    )


@asynccontextmanager
async def own_orders(mode: NativeMode, market: dict[str, Any]) -> AsyncIterator[Stage]:
    addresses = mode.addresses()
    password = mode.secret("postgres/superuser_password").strip()
    name = f"bench_{uuid.uuid4().hex[:8]}"
    await run(addresses.postgres, password, f"create database {name} owner orders")
    for process in ORDERS:
        mode.stop(process)
    service = start(mode, name)
    try:
        await ready(addresses.management["orders"], service)
        stage = Stage(name, service.pid, password, addresses.postgres, market)
        await fill(stage)
        yield stage
    finally:
        service.terminate()
        await asyncio.to_thread(service.wait, 30)
        for process in ORDERS:
            mode.start(process)
        await run(addresses.postgres, password, f"drop database if exists {name} with (force)")


async def run(address: str, password: str, statement: str) -> None:
    connection = await connect(address, password)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def start(mode: NativeMode, database: str) -> subprocess.Popen[bytes]:
    process = mode.compose.processes["orders"]
    settings = mode.translator.environment(process)
    url = settings["DATABASE_URL"].rpartition("/")[0]
    log = (RUN / "bench-orders.log").open("wb")
    return subprocess.Popen(
        mode.translator.command(process),
        env={**settings, "DATABASE_URL": f"{url}/{database}", "LOG_LEVEL": "WARNING", "BACKGROUND": ""},
        cwd=mode.translator.directory(process),
        stdout=log,
        stderr=log,
    )


async def ready(management: str, service: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START
    async with httpx.AsyncClient(timeout=2) as http:
        while time.monotonic() < deadline:
            if service.poll() is not None:
                raise StageError(f"orders ended with {service.returncode}: see {RUN / 'bench-orders.log'}")
            try:
                if (await http.get(f"{management}/health/ready")).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2)
    raise StageError(f"orders was not ready within {START:.0f} s: see {RUN / 'bench-orders.log'}")


async def fill(stage: Stage) -> None:
    """The price read model as it is after the demo market's events."""
    rates = {category["slug"]: category["tax_rate_bp"] for category in stage.market["categories"]}
    rows = [
        (
            product["id"],
            seller["id"],
            product["name"],
            product["price_minor"],
            stage.market["currency"],
            rates[product["category"]],
        )
        for seller in stage.market["sellers"]
        for product in seller["products"]
    ]
    connection = await stage.connect()
    try:
        await connection.executemany(PRICE, rows)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()

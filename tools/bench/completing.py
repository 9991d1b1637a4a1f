"""How many orders a second the whole market completes, while there is always a backlog of them.

The backlog is kept at one size: as many real orders are placed as have ended. It must be small enough to be
worked off within the checkout's deadline, or orders end by that. Afterwards all are cancelled, so that what
was bought comes back, as far as no parcel has left.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from native.modes import Mode
from tools.bench import cpu
from tools.books import parse
from tools.records import Stock
from tools.shopper import order_body

WORKER = "orders-saga"
TRANSITIONS = re.compile(r'^saga_transitions_total\{.*to_state="(\w+)".*\} ([\d.e+]+)', re.MULTILINE)
ENDS = ("completed", "cancelled")
SPARE = 5  # pieces of each product that are left alone
AT_ONCE = 8
LOOK = 0.2
RAMP = 5.0  # seconds until what is measured is steady
PATIENCE = 90.0


class CompletingError(Exception):
    pass


@dataclass(frozen=True)
class Completing:
    orders: int
    seconds: float
    backlog: int
    cpu_micros: dict[str, int]  # an order, by process
    given_back: int

    @property
    def per_second(self) -> float:
        return self.orders / self.seconds


@dataclass
class Backlog:
    """Real orders of one shopper, and how many of them the worker has ended."""

    http: httpx.AsyncClient
    management: str
    products: Iterator[dict[str, Any]]
    placed: list[str] = field(default_factory=list)
    before: Mapping[str, float] = field(default_factory=dict)

    async def begin(self) -> None:
        self.before = await self.ends()

    async def ends(self) -> dict[str, float]:
        answer = await self.http.get(f"{self.management}/metrics")
        counted = dict.fromkeys(ENDS, 0.0)
        for state, number in TRANSITIONS.findall(answer.text):
            if state in counted:
                counted[state] += float(number)
        return {state: number - self.before.get(state, 0) for state, number in counted.items()}

    async def keep(self, size: int, seconds: float) -> None:
        """As many open orders as `size`, for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            still_open = len(self.placed) - sum((await self.ends()).values())
            await self.place(max(0, int(size - still_open)))
            await asyncio.sleep(LOOK)

    async def place(self, count: int) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(product: dict[str, Any]) -> str:
            headers = {"Idempotency-Key": f"bench-{uuid.uuid4()}"}
            async with gate:
                answer = await self.http.post("/api/orders", json=order_body([(product, 1)]), headers=headers)
            if answer.status_code != 202:
                raise CompletingError(f"an order was refused: {answer.status_code} {answer.text[:300]}")
            return str(answer.json()["id"])

        try:
            products = [next(self.products) for _ in range(count)]
        except StopIteration:
            raise CompletingError("the market's stock is used up: make clean, make up") from None
        self.placed += await asyncio.gather(*(one(product) for product in products))

    async def work_off(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while sum((await self.ends()).values()) < len(self.placed):
            if time.monotonic() > deadline:
                raise CompletingError(
                    f"the backlog was not worked off in {PATIENCE:.0f} s: make logs S={WORKER}"
                )
            await asyncio.sleep(LOOK)

    async def cancel(self) -> int:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(order_id: str) -> bool:
            async with gate:
                answer = await self.http.post(f"/api/orders/{order_id}/cancel")
            return answer.status_code == 202

        return sum(await asyncio.gather(*(one(order_id) for order_id in self.placed)))


async def completing(mode: Mode, token: str, *, backlog: int, seconds: float) -> Completing:
    addresses = mode.addresses()
    pids = {state.name: state.pid for state in mode.states() if state.pid}
    async with client(addresses.http["orders"], token) as http:
        products = plenty(await on_sale(addresses.http["catalog"]), stock_of(mode))
        work = Backlog(http, addresses.management[WORKER], products)
        await work.begin()
        try:
            await work.keep(backlog, RAMP)
            first, used, started = await work.ends(), cpu.seconds(pids), time.monotonic()
            await work.keep(backlog, seconds)
            last, now, ended = await work.ends(), cpu.seconds(pids), time.monotonic()
            await work.work_off()
        finally:
            given_back = await work.cancel()
    if last["cancelled"]:
        raise CompletingError(f"{last['cancelled']:.0f} orders were cancelled: a smaller backlog is in time")
    done = int(last["completed"] - first["completed"])
    return Completing(done, ended - started, backlog, cpu.micros_each(used, now, done), given_back)


def client(base: str, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=AT_ONCE)
    return httpx.AsyncClient(base_url=base, headers=headers, timeout=20, limits=limits)


def stock_of(mode: Mode) -> Mapping[str, Stock]:
    export = mode.exec("fulfillment", ["python", "-m", "fulfillment", "export"])
    return parse("fulfillment", export.splitlines()).stock


async def on_sale(catalog: str) -> list[dict[str, Any]]:
    """Every product at the price it has now: sellers may have changed what the demo market began with."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 100}
    async with httpx.AsyncClient(base_url=catalog, timeout=20) as http:
        while True:
            answer = (await http.get("/api/catalog/products", params=query)).raise_for_status().json()
            found += answer["items"]
            if answer["next_cursor"] is None:
                return found
            query["cursor"] = answer["next_cursor"]


def plenty(products: Sequence[dict[str, Any]], stock: Mapping[str, Stock]) -> Iterator[dict[str, Any]]:
    """Products to buy, each as often as it is in stock: an order that finds none measures nothing."""
    left = {id_: each.on_hand - each.reserved - SPARE for id_, each in stock.items()}
    while in_stock := [product for product in products if left.get(product["id"], 0) > 0]:
        for product in in_stock:
            left[product["id"]] -= 1
            yield product

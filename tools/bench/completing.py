"""How many orders a second the whole market completes, while there is always a backlog of them.

The saga worker is stopped, real orders are placed, and it is started again: what it then completes is read
from its own metrics. Afterwards the orders are cancelled, so that what was bought comes back, as far as no
parcel has left.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx

from native.modes import Mode
from tools.bench import cpu
from tools.books import parse
from tools.shopper import order_body

WORKER = "orders-saga"
COMPLETED = re.compile(r'^saga_transitions_total\{.*to_state="completed".*\} ([\d.e+]+)', re.MULTILINE)
SPARE = 5  # pieces of each product that are left alone
AT_ONCE = 8
PATIENCE = 180.0


class CompletingError(Exception):
    pass


@dataclass(frozen=True)
class Completing:
    orders: int
    seconds: float
    cpu_micros: dict[str, int]  # an order, by process
    given_back: int

    @property
    def per_second(self) -> float:
        return self.orders / self.seconds


async def completing(mode: Mode, market: dict[str, Any], token: str, *, backlog: int) -> Completing:
    addresses = mode.addresses()
    products = plenty(mode, market, backlog)
    mode.stop(WORKER)
    async with client(addresses.http["orders"], token) as http:
        try:
            placed = await place(http, products, backlog)
        finally:
            mode.start(WORKER)
        pids = {state.name: state.pid for state in mode.states() if state.pid}
        before = cpu.seconds(pids)
        seconds = await drained(addresses.management[WORKER], len(placed))
        used = cpu.micros_each(before, cpu.seconds(pids), len(placed))
        given_back = await cancel(http, placed)
    return Completing(len(placed), seconds, used, given_back)


def client(base: str, token: str) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=AT_ONCE)
    return httpx.AsyncClient(
        base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=20, limits=limits
    )


def plenty(mode: Mode, market: dict[str, Any], needed: int) -> list[dict[str, Any]]:
    """Products to buy, as often as they may be bought: one that finds no stock measures nothing."""
    export = mode.exec("fulfillment", ["python", "-m", "fulfillment", "export"])
    stock = parse("fulfillment", export.splitlines()).stock
    products = [product for seller in market["sellers"] for product in seller["products"]]
    pieces = {
        product["id"]: stock[product["id"]].on_hand - stock[product["id"]].reserved - SPARE
        for product in products
        if product["id"] in stock
    }
    chosen: list[dict[str, Any]] = []
    while len(chosen) < needed:
        round_ = [product for product in products if pieces.get(product["id"], 0) > 0]
        if not round_:
            raise CompletingError(
                f"the market's stock is enough for {len(chosen)} orders only: make clean, make up"
            )
        for product in round_:
            pieces[product["id"]] -= 1
        chosen += [product | {"currency": market["currency"]} for product in round_]
    return chosen[:needed]


async def place(http: httpx.AsyncClient, products: Iterable[dict[str, Any]], count: int) -> list[str]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(product: dict[str, Any]) -> str:
        async with gate:
            headers = {"Idempotency-Key": f"bench-{uuid.uuid4()}"}
            answer = await http.post("/api/orders", json=order_body([(product, 1)]), headers=headers)
        if answer.status_code != 202:
            raise CompletingError(
                f"an order of the backlog was refused: {answer.status_code} {answer.text[:300]}"
            )
        return str(answer.json()["id"])

    return list(await asyncio.gather(*(one(product) for product in products)))[:count]


async def drained(management: str, count: int) -> float:
    """Seconds for all, by the pace of the first nine tenths: the backlog is never empty meanwhile."""
    deadline = time.monotonic() + PATIENCE
    enough, first, started = count * 0.9, 0.0, 0.0
    async with httpx.AsyncClient(timeout=5) as http:
        while time.monotonic() < deadline:
            done, now = await completed(http, management), time.monotonic()
            if done and not first:
                first, started = done, now
            if first and done >= enough:
                return (now - started) * count / (done - first)
            await asyncio.sleep(0.25)
    raise CompletingError(f"the backlog was not completed within {PATIENCE:.0f} s: make logs S={WORKER}")


async def completed(http: httpx.AsyncClient, management: str) -> float:
    try:
        text = (await http.get(f"{management}/metrics")).text
    except httpx.HTTPError:
        return 0  # the worker is only just starting
    return sum(float(number) for number in COMPLETED.findall(text))


async def cancel(http: httpx.AsyncClient, placed: list[str]) -> int:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(order_id: str) -> bool:
        async with gate:
            answer = await http.post(f"/api/orders/{order_id}/cancel")
        return answer.status_code == 202

    return sum(await asyncio.gather(*(one(order_id) for order_id in placed)))

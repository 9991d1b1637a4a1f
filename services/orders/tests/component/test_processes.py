"""The processes themselves, as they are started: killed between steps, started before their servers, stopped
in peace.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from bazaar_shared.testing import aeventually, processes, temporary_database
from tests.component.brokers import Management, Peer, Refusal, make_topics
from tests.component.conftest import Market, server
from tests.component.test_saga import ended, journal

STEPS = [
    "reserve_stock", "quote_shipping", "authorize_payment", "capture_payment", "commit_stock", "book_parcels",
]  # fmt: skip


class Process(processes.Process):
    module = "orders"


running = partial(Process.running, ready=False)


class Participants:
    """Fulfillment's three services, each call recorded; idempotent by being indifferent."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuse: dict[str, Refusal] = {}

    def _method(self, name: str) -> Any:
        def answer(**arguments: Any) -> Any:
            self.asked.append(name)
            if name in self.refuse:
                raise self.refuse[name]
            sellers = sorted(
                {line["seller_id"] for line in arguments.get("lines", []) if "seller_id" in line}
            )
            parcels = [
                {"parcel_id": str(uuid4()), "seller_id": seller, "tracking_code": "BZ1", "status": "booked"}
                for seller in sellers
            ]
            return {"parcels": parcels} if name == "book_parcels" else {}

        return answer

    @asynccontextmanager
    async def serving(self, url: str) -> AsyncIterator[None]:
        services = {
            "inventory": ("reserve_stock", "release_stock", "commit_stock", "restock"),
            "payments": ("authorize_payment", "void_payment", "capture_payment", "refund_payment"),
            "shipping": ("quote_shipping", "book_parcels", "withdraw_parcels"),
        }
        async with AsyncExitStack() as stack:
            for service, names in services.items():
                methods = {name: self._method(name) for name in names}
                await stack.enter_async_context(Peer(url, service, **methods))
            yield


@pytest.fixture
def amqp_url() -> Iterator[str]:
    with Management().vhost() as (_, url):
        yield url


@pytest.fixture
def environment(database: str, jwks_url: str, amqp_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database,
        "JWKS_URL": jwks_url,
        "BASKET_URL": "http://127.0.0.1:1",
        "AMQP_URL": amqp_url,
        "KAFKA_BOOTSTRAP_SERVERS": server("TEST_KAFKA_BOOTSTRAP"),
        "SAGA_STEP_TIMEOUT": "2",
        "SAGA_LEASE": "3",
        "SAGA_POLL": "0.1",
    }


POINTS = [
    *(f"before-send:{step}" for step in STEPS),
    *(f"after-reply:{step}" for step in STEPS),
    *(f"after-commit:{state}" for state in ("capturing", "committing", "booking", "completed")),
]
EVERY = (
    POINTS
    if os.environ.get("FULL") == "1"
    else ["before-send:capture_payment", "after-reply:capture_payment"]
)


@pytest.mark.parametrize("point", EVERY)
async def test_a_worker_killed_between_steps_loses_nothing(
    market: Market, environment: dict[str, str], amqp_url: str, tmp_path: Path, point: str
) -> None:
    fault = tmp_path / "fault"
    fault.write_text(point)
    participants = Participants()
    order = await market.buy()
    async with participants.serving(amqp_url):
        with running("saga", FAULT_FILE=str(fault), **environment) as first:
            await aeventually(lambda: first.ended == -signal.SIGKILL, within=30)
            assert not fault.exists()
        with running("saga", FAULT_FILE=str(fault), **environment) as second:
            await aeventually(lambda: second.managed("/health/ready")[0] == 200, within=30)
            await ended(market, order["id"], "confirmed")
            assert second.stop() == 0
    when, _, step = point.partition(":")
    assert [name for name in STEPS if name in participants.asked] == STEPS
    # asked twice only where the first answer was lost
    twice = {name for name in STEPS if participants.asked.count(name) == 2}
    assert twice == ({step} if when == "after-reply" else set())
    assert not {"void_payment", "release_stock", "refund_payment"} & set(participants.asked)
    if when != "after-commit":
        assert (step, "lost") in await journal(market, order["id"])


async def test_serve_with_its_loops_inside_buys_and_stops_in_peace(
    market: Market, environment: dict[str, str], amqp_url: str
) -> None:
    await make_topics(environment["KAFKA_BOOTSTRAP_SERVERS"], "orders.order")
    participants = Participants()
    participants.refuse["authorize_payment"] = Refusal("PaymentDeclined", {"reason": "limit"})
    order = await market.buy()
    async with participants.serving(amqp_url):
        with running("serve", BACKGROUND="saga,relay", **environment) as process:
            await aeventually(lambda: process.managed("/health/ready")[0] == 200, within=30)
            await ended(market, order["id"], "cancelled")

            async def all_sent() -> bool:
                return await market.pool.fetchval("select count(*) from outbox where sent_at is null") == 0

            await aeventually(all_sent, within=30)
            metrics = process.managed("/metrics")[1]
            assert process.stop() == 0
    assert participants.asked[-2:] == ["void_payment", "release_stock"]
    transition = 'saga_transitions_total{from_state="releasing",to_state="cancelled"} 1.0'
    assert transition in metrics
    assert 'saga_step_duration_seconds_count{outcome="refused",step="authorize_payment"} 1.0' in metrics


async def test_serve_waits_for_its_database(environment: dict[str, str]) -> None:
    """Started first, it is alive, not ready, and says why."""
    gone = environment | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/orders"}
    with running("serve", **gone) as process:
        await aeventually(lambda: process.managed("/health/live")[0] == 200, within=30)
        await aeventually(lambda: "Connection refused" in process.managed("/health/ready")[1], within=30)
        assert process.managed("/health/ready")[0] == 503
        assert process.stop() == 0


async def test_many_who_migrate_at_once(environment: dict[str, str]) -> None:
    with temporary_database(server("TEST_POSTGRES_URL"), "test_orders") as url:
        env = environment | {"DATABASE_URL": url}
        processes = [Process("migrate", **env) for _ in range(3)]
        await aeventually(lambda: [process.ended for process in processes] == [0, 0, 0], within=60)


async def exported(environment: dict[str, str]) -> list[dict[str, Any]]:
    answer = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "orders", "export"],
        env=dict(os.environ) | environment,
        capture_output=True,
        timeout=60,
        check=True,
    )
    return [json.loads(text) for text in answer.stdout.decode().splitlines()]


async def test_the_books(market: Market, environment: dict[str, str]) -> None:
    order = await market.buy(1000, 2)
    line, outbox = await exported(environment)
    assert line == {
        "kind": "order",
        "id": order["id"],
        "status": "pending",
        "saga_state": "reserving",
        "version": 1,
        "updated_at": line["updated_at"],
        "total_minor": 2000,
        "currency": "EUR",
        "shopper_id": market.shopper,
        "basket_id": None,
        "basket_version": None,
        "lines": [{"product_id": order["lines"][0]["product_id"], "quantity": 2}],
        "reason": None,
    }
    assert (outbox["kind"], outbox["unsent"]) == ("outbox", 1)
    assert outbox["oldest_age_seconds"] >= 0


async def test_an_order_without_a_saga_stands_in_the_books(
    market: Market, environment: dict[str, str]
) -> None:
    whole, broken = await market.buy(1000, 2), await market.buy(1000, 2)
    await market.pool.execute("delete from saga where order_id = $1", UUID(broken["id"]))
    sagas = {
        line["id"]: line["saga_state"] for line in await exported(environment) if line["kind"] == "order"
    }
    assert sagas == {whole["id"]: "reserving", broken["id"]: None}


def test_what_is_missing_is_one_clear_line() -> None:
    bare = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    answer = subprocess.run(
        [sys.executable, "-m", "orders", "serve"],
        env=bare,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "AMQP_URL", "JWKS_URL", "BASKET_URL"):
        assert f"{name} is missing" in answer.stderr

"""Faults under load: whatever dies, no accepted order is lost, none is charged twice, and the books close."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from native.modes import Mode
from tests.kit.books import read_books
from tests.kit.load import Load, buying
from tests.kit.market import Shopper, checkout, eventually
from tests.kit.sampling import FULL, SEED, sample

Audit = Callable[[], None]
Product = dict[str, Any]

FORWARD = (
    "reserve_stock",
    "quote_shipping",
    "authorize_payment",
    "capture_payment",
    "commit_stock",
    "book_parcels",
)
COMPENSATIONS = ("void_payment", "release_stock")
REFUND = ("withdraw_parcels", "refund_payment", "restock")
CRASH_POINTS = [
    f"{when}:{step}" for step in FORWARD + COMPENSATIONS + REFUND for when in ("before-send", "after-reply")
]

PROCESSES = [
    "orders", "orders-saga", "orders-relay", "orders-consume", "inventory", "payments", "shipping",
    "processor", "fulfillment-relay", "fulfillment-consume", "catalog-relay", "catalog-consume",
    "identity", "gateway", "basket", "basket-relay", "basket-consume", "reviews-relay", "reviews-consume",
    "chat", "chat-2", "chat-consume", "notifications-consume", "notifications-worker", "notifications-beat",
    "clickstream", "insights",
]  # fmt: skip
SERVERS = ["rabbitmq", "kafka", "postgres", "redis"]


def arm(mode: Mode, point: str) -> None:
    """Tells the running saga worker to SIGKILL itself at that point, once."""
    write = "import os, pathlib; pathlib.Path(os.environ['FAULT_FILE']).write_text(os.environ['POINT'])"
    mode.exec("orders-saga", ["python", "-c", write], env={"POINT": point})


def armed(mode: Mode) -> bool:
    look = "import os, pathlib; print(pathlib.Path(os.environ['FAULT_FILE']).exists())"
    return mode.exec("orders-saga", ["python", "-c", look]).strip().endswith("True")


def wait_ready(mode: Mode, process: str) -> None:
    eventually(lambda: mode.ready(process), within=90, every=0.5, what=f"{process} to be ready again")


def one_of_each(shopper: Shopper, goods: list[Product]) -> dict[str, str]:
    """Orders that go through every step between them: bought, declined, and bought then refunded."""
    made = {
        "bought": shopper.buy([(goods[0], 1)]),
        "declined": shopper.buy([(goods[1], 1)], token="tok_decline"),
        "refunded": shopper.buy([(goods[2], 1)]),
    }
    return {name: order["id"] for name, order in made.items()}


@pytest.mark.parametrize("point", sample(CRASH_POINTS, 4))
def test_the_saga_worker_is_killed_between_two_steps(
    mode: Mode, shopper: Shopper, goods: list[Product], audit: Audit, point: str
) -> None:
    arm(mode, point)
    orders = one_of_each(shopper, goods)
    assert shopper.settled(orders["refunded"], within=60)["status"] == "confirmed"

    def cancel() -> bool:
        return shopper.post(f"/api/orders/{orders['refunded']}/cancel").status_code in (202, 409)

    eventually(cancel, within=30, every=0.5, what="the cancel to be taken")
    expected = {"bought": "confirmed", "declined": "cancelled", "refunded": "refunded"}

    def states() -> dict[str, str]:
        now = {
            name: shopper.get(f"/api/orders/{order_id}").json()["status"] for name, order_id in orders.items()
        }
        return now if now == expected else {}

    eventually(states, within=90, every=0.5, what=f"the orders to end as {expected}")
    assert not armed(mode), f"the worker never came to {point}: the test proved nothing"
    captures = {name: read_books().processor_captures(order_id) for name, order_id in orders.items()}
    assert captures == {"bought": 1, "declined": 0, "refunded": 1}
    audit()


@pytest.mark.parametrize("process", sample(PROCESSES, 4))
def test_a_process_is_killed_during_checkouts(
    mode: Mode, shopper: Shopper, goods: list[Product], audit: Audit, process: str
) -> None:
    load = Load(shopper, goods[:30], seed=SEED)
    with buying(load):
        for _ in range(2):
            mode.kill(process)
            wait_ready(mode, process)
    assert_nothing_lost(load, audit)


@pytest.mark.parametrize("server", SERVERS if FULL else sample(SERVERS, 2))
def test_a_server_restarts_during_checkouts(
    mode: Mode, shopper: Shopper, goods: list[Product], audit: Audit, server: str
) -> None:
    load = Load(shopper, goods[:30], seed=SEED + 1)
    with buying(load):
        mode.kill(server)
        wait_ready(mode, server)
    assert_nothing_lost(load, audit)


def test_two_saga_workers_and_one_of_them_dies(
    mode: Mode, shopper: Shopper, goods: list[Product], audit: Audit
) -> None:
    load = Load(shopper, goods[:30], seed=SEED + 2)
    with mode.another("orders-saga") as twin, buying(load):
        twin.kill()
    assert_nothing_lost(load, audit)


def test_one_key_sent_over_and_over_while_orders_dies(
    mode: Mode, shopper: Shopper, goods: list[Product], audit: Audit
) -> None:
    key, body = f"again-{uuid.uuid4().hex}", checkout([(goods[0], 1)])
    answers: set[str] = set()
    dice = random.Random(SEED)
    for _ in range(3):

        def once() -> str | None:
            try:
                answer = shopper.order(body, key)
            except OSError:
                return None
            return answer.json()["id"] if answer.status_code == 202 else None

        answers.add(eventually(once, within=60, every=dice.uniform(0.05, 0.2), what="an answer") or "")
        mode.kill("orders")
        wait_ready(mode, "orders")
    assert len(answers) == 1
    (order_id,) = answers
    assert shopper.settled(order_id, within=60)["status"] == "confirmed"
    assert read_books().processor_captures(order_id) == 1
    audit()


def assert_nothing_lost(load: Load, audit: Audit) -> None:
    assert load.wrong == []
    assert set(load.accepted) == set(load.asked), "every purchase got its answer in the end"
    assert len(set(load.accepted.values())) == len(load.accepted), "each key has an order of its own"
    states = load.ended(within=120)
    books = read_books()
    for key, order_id in load.accepted.items():
        declined = load.asked[key]["payment_token"] in ("tok_decline", "tok_capture_decline")
        assert not (declined and states[key] == "confirmed"), (key, states[key])
        assert books.processor_captures(order_id) == (0 if states[key] == "cancelled" else 1), (
            key,
            states[key],
        )
    audit()

"""What no service can show alone: events that become read models, calls that wait, dead letters."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tests.integration.stage import Stage
from tests.kit.market import ADDRESS, ENDED, PASSWORD, eventually

Row = dict[str, Any]


@pytest.fixture(scope="module")
def product(stage: Stage) -> Row:
    """A product as the catalogue shows it, once its stock has come round by Kafka."""

    def shown() -> Row | None:
        page = httpx.get(f"{stage.url('catalog')}/api/catalog/products", timeout=15).json()
        found = [item for item in page["items"] if item["available"]]
        return found[0] if found else None

    return eventually(shown, within=60, what="stock in the catalogue") or {}


@pytest.fixture(scope="module")
def token(stage: Stage) -> str:
    identity = f"{stage.url('identity')}/api/identity"
    email = f"{uuid.uuid4().hex}@example.org"
    made = {"email": email, "password": PASSWORD, "display_name": "Shopper"}
    assert httpx.post(f"{identity}/accounts", json=made, timeout=15).status_code == 201
    answer = httpx.post(f"{identity}/sessions", json={"email": email, "password": PASSWORD}, timeout=15)
    return answer.json()["access_token"]


class Till:
    def __init__(self, stage: Stage, token: str) -> None:
        self.base, self.token = f"{stage.url('orders')}/api/orders", {"Authorization": f"Bearer {token}"}

    def order(self, product: Row, quantity: int = 1, **changed: Any) -> httpx.Response:
        body = {
            "lines": [{"product_id": product["id"], "quantity": quantity}],
            "delivery_address": ADDRESS,
            "payment_token": "tok_approve",
            "expected_total_minor": product["price_minor"] * quantity,
            "currency": "EUR",
        } | changed
        headers = {**self.token, "Idempotency-Key": uuid.uuid4().hex}
        return httpx.post(self.base, json=body, headers=headers, timeout=15)

    def status(self, order_id: str) -> str:
        return httpx.get(f"{self.base}/{order_id}", headers=self.token, timeout=15).json()["status"]

    def ended(self, order_id: str, within: float = 60) -> str:
        return eventually(
            lambda: status if (status := self.status(order_id)) in ENDED else "",
            within=within,
            what="the order's end",
        )


@pytest.fixture
def till(stage: Stage, token: str, product: Row) -> Till:
    # the price has to come from the catalogue to orders by Kafka before anything can be bought
    till = Till(stage, token)
    eventually(
        lambda: till.order(product).status_code == 202,
        within=60,
        every=0.5,
        what="the product's price in orders",
    )
    return till


def test_what_is_sold_is_gone_from_the_catalogue(stage: Stage, till: Till, product: Row) -> None:
    def available() -> int:
        return httpx.get(f"{stage.url('catalog')}/api/catalog/products/{product['id']}", timeout=15).json()[
            "available"
        ]

    answer = till.order(product, 2)
    assert answer.status_code == 202, answer.text
    assert till.ended(answer.json()["id"]) == "confirmed"
    eventually(lambda: available() <= product["available"] - 2, within=30, what="the catalogue to show fewer")


def test_a_checkout_waits_for_a_service_that_is_away(stage: Stage, till: Till, product: Row) -> None:
    stage.kill("payments")
    order_id = till.order(product).json()["id"]
    eventually(
        lambda: any(
            item["step"] == "authorize_payment"
            for item in httpx.get(f"{till.base}/{order_id}/journal", headers=till.token, timeout=15).json()[
                "items"
            ]
        ),
        within=30,
        what="the saga to come to the payment",
    )
    assert till.status(order_id) == "pending"
    stage.start("payments")
    stage.ready("payments")
    assert till.ended(order_id) == "confirmed"


def test_a_worker_killed_amid_its_sagas_leaves_them_to_the_next(
    stage: Stage, till: Till, product: Row
) -> None:
    answers = [till.order(product) for _ in range(3)]
    stage.kill("orders-saga")
    stage.start("orders-saga")
    assert {till.ended(answer.json()["id"], within=90) for answer in answers} == {"confirmed"}


def test_a_record_that_cannot_be_handled_goes_to_the_dead_letters(
    stage: Stage, till: Till, product: Row
) -> None:
    mark = uuid.uuid4().hex.encode()
    bootstrap = stage.servers["TEST_KAFKA_BOOTSTRAP"]

    async def spoil_and_look() -> list[Any]:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        await producer.send_and_wait("catalog.product", mark, key=mark)
        await producer.stop()
        topics = ["dead-letter.orders", "dead-letter.fulfillment"]
        consumer = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        found: dict[str, Any] = {}
        try:
            async with asyncio.timeout(60):
                async for record in consumer:
                    if record.key == mark:
                        found[record.topic] = record
                    if set(found) == set(topics):
                        break
        finally:
            await consumer.stop()
        return list(found.values())

    for record in asyncio.run(spoil_and_look()):
        assert record.value == mark, "the record as it came"
        assert any(value != b"" for _, value in record.headers), "with its reason"
    # and the consumers went on: a price that changes still arrives
    assert till.order(product).status_code == 202

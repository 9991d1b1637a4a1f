"""What our `@rpc` adds to Nameko's, seen at the broker and by a caller."""

import time
from typing import Any

import pytest
from fulfillment.__main__ import main
from fulfillment.extensions.rpc import DELIVERY_LIMIT, dead_letter_queue, quorum_queue
from kombu import Message, Producer
from sqlalchemy import Engine
from support.processes import Process
from support.rpc import RemoteError, Rpc

from bazaar_shared.testing import eventually
from component.conftest import Management
from component.helpers import add_product, rows

DEAD_LETTERS = "rpc-inventory.dead-letter"


def queue(management: Management, vhost: str, name: str) -> dict[str, Any]:
    return dict(management("GET", f"/queues/{vhost}/{name}"))


def waiting(rpc: Rpc, queue_name: str) -> int:
    return int(rpc.channel.queue_declare(queue_name, passive=True).message_count)


def available(engines: dict[str, Engine], product: str) -> int:
    statement = "select on_hand - reserved as available from stock where product_id = :p"
    return int(rows(engines["inventory"], statement, p=product)[0]["available"])


@pytest.mark.parametrize("service", ["inventory", "payments", "shipping"])
def test_the_queue_is_a_quorum_queue_with_limits(
    services: dict[str, Process], management: Management, vhost: str, service: str
) -> None:
    found = queue(management, vhost, f"rpc-{service}")
    assert (found["type"], found["durable"], found["auto_delete"]) == ("quorum", True, False)
    assert found["arguments"] == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 5,
        "x-dead-letter-exchange": "rpc-dead-letter",
    }
    # the management's statistics come a few seconds later than the consumer
    consumers = eventually(
        lambda: queue(management, vhost, f"rpc-{service}").get("consumer_details"), within=20
    )
    assert [consumer["prefetch_count"] for consumer in consumers] == [10]


def test_every_consumer_connection_has_a_heartbeat(
    services: dict[str, Process], management: Management, vhost: str
) -> None:
    def beats() -> set[int]:
        connections = management("GET", f"/vhosts/{vhost}/connections")
        return {each["timeout"] for each in connections if each.get("channels")}

    eventually(lambda: 10 in beats(), within=20)


def test_numbers_in_a_refusal_stay_numbers(rpc: Rpc, product: str, order_id: str) -> None:
    with pytest.raises(RemoteError) as refused:
        rpc.call(
            "inventory.reserve_stock", order_id=order_id, lines=[{"product_id": product, "quantity": 11}]
        )
    assert refused.value.name == "OutOfStock"
    assert refused.value.detail == {"lines": [{"product_id": product, "requested": 11, "available": 10}]}


def test_what_begins_after_its_deadline_does_nothing(
    rpc: Rpc, engines: dict[str, Engine], product: str, order_id: str
) -> None:
    lines = [{"product_id": product, "quantity": 1}]
    call = rpc.send(
        "inventory.reserve_stock",
        headers={"nameko.deadline": time.time() - 1},
        order_id=order_id,
        lines=lines,
    )
    with pytest.raises(RemoteError) as late:
        rpc.receive(call)
    assert (late.value.name, late.value.detail) == ("DeadlineExceeded", {})
    assert available(engines, product) == 10
    assert rows(engines["inventory"], "select 1 from step_reply where order_id = :o", o=order_id) == []

    call = rpc.send(
        "inventory.reserve_stock",
        headers={"nameko.deadline": time.time() + 30},
        order_id=order_id,
        lines=lines,
    )
    assert rpc.receive(call)["state"] == "reserved"


def test_the_callers_trace_goes_on_into_the_event(
    rpc: Rpc, engines: dict[str, Engine], services: dict[str, Process], product: str, order_id: str
) -> None:
    trace = f"{time.time_ns():032x}"
    header = {"nameko.traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    call = rpc.send(
        "inventory.reserve_stock",
        headers=header,
        order_id=order_id,
        lines=[{"product_id": product, "quantity": 1}],
    )
    assert rpc.receive(call)["state"] == "reserved"
    statement = (
        "select envelope ->> 'traceparent' as trace from outbox where key = :k order by id desc limit 1"
    )
    [event] = rows(engines["inventory"], statement, k=product)
    assert event["trace"].split("-")[1] == trace
    inventory = services["inventory"]
    line = eventually(lambda: [entry for entry in inventory.lines() if entry["trace_id"] == trace])[-1]
    assert (line["rpc_method"], line["outcome"]) == ("reserve_stock", "ok")


@pytest.mark.parametrize(
    ("method", "message", "error"),
    [
        ("inventory.nothing", {"args": [], "kwargs": {}}, "MethodNotFound"),
        ("inventory.get_stock", {"args": [["x"]], "kwargs": {}}, "MalformedRequest"),
        ("inventory.get_stock", {"args": [], "kwargs": {"ids": []}}, "IncorrectSignature"),
        ("inventory.get_stock", {"args": []}, "MalformedRequest"),
        ("inventory.get_stock", [], "MalformedRequest"),
    ],
)
def test_a_malformed_call_gets_an_answer(rpc: Rpc, method: str, message: Any, error: str) -> None:
    rpc.producer.publish(
        message, serializer="json", routing_key=method, reply_to=rpc.key, correlation_id="malformed"
    )
    with pytest.raises(RemoteError) as refused:
        rpc.receive("malformed")
    assert refused.value.name == error


def test_unknown_headers_do_no_harm(rpc: Rpc) -> None:
    call = rpc.send(
        "inventory.get_stock",
        headers={"nameko.call_id_stack": 5, "nameko.deadline": "soon", "x": "y"},
        product_ids=[],
    )
    assert rpc.receive(call) == {}


def test_what_cannot_be_read_is_laid_aside(rpc: Rpc, services: dict[str, Process]) -> None:
    producer, before = Producer(rpc.channel, rpc.exchange), waiting(rpc, DEAD_LETTERS)
    producer.publish(
        b"\xff{",
        content_type="application/json",
        content_encoding="binary",
        routing_key="inventory.x",
        reply_to="r",
    )
    producer.publish({"args": [], "kwargs": {}}, serializer="json", routing_key="inventory.nobody_waits")
    eventually(lambda: waiting(rpc, DEAD_LETTERS) == before + 2, within=20)
    assert services["inventory"].ended is None
    assert rpc.call("inventory.get_stock", product_ids=[]) == {}


def test_what_expired_is_no_dead_letter(own_vhost_url: str) -> None:
    """A caller that gave up is no fault. What is refused, and what brings workers down, is one."""
    client = Rpc(own_vhost_url)
    queue, letters = (
        quorum_queue("inventory", client.exchange),
        dead_letter_queue("inventory"),
    )
    for entity in (queue, letters):
        entity(client.channel).declare()
    client.producer.publish("{}", routing_key="inventory.late", expiration=0.05)
    eventually(lambda: waiting(client, queue.name) == 0)
    client.producer.publish("{}", routing_key="inventory.refused")
    client.producer.publish("{}", routing_key="inventory.deadly")

    def take() -> Message:
        return eventually(lambda: queue(client.channel).get(), within=5)

    take().reject()
    for _ in range(DELIVERY_LIMIT + 1):
        take().requeue()
    eventually(lambda: waiting(client, DEAD_LETTERS) == 2)
    found = [letters(client.channel).get(no_ack=True) for _ in range(2)]
    assert {
        (letter.headers["x-death"][0]["routing-keys"][0], letter.headers["x-first-death-reason"])
        for letter in found
    } == {("inventory.refused", "rejected"), ("inventory.deadly", "delivery_limit")}
    client.close()


def test_dead_letters_come_back_by_a_command(
    rpc: Rpc, engines: dict[str, Engine], env: dict[str, str], order_id: str
) -> None:
    """A call without `reply_to` is laid aside; replayed, it is done, and its reply goes nowhere."""
    product = add_product(engines["inventory"], 10)
    before = waiting(rpc, DEAD_LETTERS)
    rpc.producer.publish(
        {"args": [], "kwargs": {"order_id": order_id, "lines": [{"product_id": product, "quantity": 4}]}},
        serializer="json",
        routing_key="inventory.reserve_stock",
        headers={"nameko.deadline": 1.0},
    )
    eventually(lambda: waiting(rpc, DEAD_LETTERS) == before + 1, within=20)
    assert available(engines, product) == 10
    assert main(["replay-dead-letters", "--rpc"], env) == 0
    eventually(lambda: available(engines, product) == 6)


def test_health_and_metrics(rpc: Rpc, services: dict[str, Process], product: str) -> None:
    rpc.call("inventory.get_stock", product_ids=[product])
    inventory = services["inventory"]
    status, body = inventory.managed("/health/ready")
    assert status == 200
    assert '"rabbitmq": "ok"' in body
    assert '"database_inventory": "ok"' in body
    line = 'rpc_server_duration_seconds_count{outcome="ok",rpc_method="get_stock",rpc_service="inventory"}'
    assert line in inventory.managed("/metrics")[1]

"""The AsyncAPI document promises what the services send, and its examples keep the promise."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bazaar_shared.contracts import load, violations
from bazaar_shared.envelope import Event

CONTRACT = load(Path(__file__).parents[2] / "contracts" / "asyncapi" / "bazaar.yaml")
MESSAGES: dict[str, Any] = CONTRACT["components"]["messages"]
PROMISED = {
    "catalog.product": {"bazaar.catalog.product.v1"},
    "inventory.stock": {"bazaar.inventory.stock.v1"},
    "basket.basket": {"bazaar.basket.basket.v1"},
    "reviews.review": {"bazaar.reviews.review.v1"},
    "clicks": {"bazaar.clickstream.click.v1"},
    "insights.alert": {"bazaar.insights.alert.v1"},
    "orders.order": {
        f"bazaar.orders.order.{fact}.v1"
        for fact in ("placed", "confirmed", "cancelled", "shipped", "delivered", "refunding", "refunded")
    },
    "shipping.parcel": {
        f"bazaar.shipping.parcel.{fact}.v1" for fact in ("booked", "in_transit", "delivered", "withdrawn")
    },
    "payments.payment": {
        f"bazaar.payments.payment.{fact}.v1"
        for fact in ("authorized", "declined", "captured", "voided", "refunded")
    },
}
PRODUCT = "0b6ad7d2-7c2f-5f0e-8a55-3a1c7f0a9d01"


def resolved(reference: str) -> Any:
    found: Any = CONTRACT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def examples() -> list[tuple[str, dict[str, Any]]]:
    return [
        (message["name"], example["payload"])
        for message in MESSAGES.values()
        for example in message.get("examples", [])
    ]


def stock(**changes: Any) -> Event:
    data = {"product_id": PRODUCT, "on_hand": 10, "reserved": 2, "available": 8} | changes
    return Event.new(
        source="/bazaar/fulfillment/inventory",
        type="bazaar.inventory.stock.v1",
        subject=PRODUCT,
        version=1,
        data=data,
    )


@pytest.mark.parametrize("topic", sorted(PROMISED))
def test_each_topic_carries_exactly_its_types(topic: str) -> None:
    channel = CONTRACT["channels"][topic]
    names = {resolved(message["$ref"])["name"] for message in channel["messages"].values()}
    assert names == PROMISED[topic]
    assert channel["address"] == topic
    assert channel["bindings"]["kafka"]["partitions"] == 6


@pytest.mark.parametrize("topic", ["catalog.product", "inventory.stock", "basket.basket"])
def test_full_states_are_compacted(topic: str) -> None:
    configuration = CONTRACT["channels"][topic]["bindings"]["kafka"]["topicConfiguration"]
    assert configuration == {"cleanup.policy": ["compact"]}


def test_no_type_is_on_two_topics() -> None:
    assert sum(map(len, PROMISED.values())) == len(set().union(*PROMISED.values()))


def test_every_schema_is_a_schema() -> None:
    for schema in CONTRACT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("name", "data"), examples(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_examples_keep_the_promise(name: str, data: dict[str, Any]) -> None:
    (topic,) = (topic for topic, names in PROMISED.items() if name in names)
    owner = "clickstream" if topic == "clicks" else topic.partition(".")[0]
    inside = "fulfillment/" if owner in {"inventory", "payments", "shipping"} else ""
    source = f"/bazaar/{inside}{owner}"
    event = Event.new(source=source, type=name, subject=PRODUCT, version=1, data=data)
    assert violations(CONTRACT, topic, event) == []


@pytest.mark.parametrize(
    ("changes", "violation"),
    [
        ({"available": -1}, "data.available: -1 is less than the minimum of 0"),
        ({"on_hand": "10"}, "data.on_hand: '10' is not of type 'integer'"),
        (
            {"email": "a@b.example"},
            "data: Additional properties are not allowed ('email' was unexpected)",
        ),
    ],
)
def test_what_breaks_the_promise_is_named(changes: dict[str, Any], violation: str) -> None:
    assert violations(CONTRACT, "inventory.stock", stock()) == []
    assert violations(CONTRACT, "inventory.stock", stock(**changes)) == [violation]


def test_an_envelope_from_nowhere_is_named() -> None:
    stranger = Event.new(
        source="/elsewhere", type="bazaar.inventory.stock.v1", subject="17", version=0, data=stock().data
    )
    places = [violation.partition(":")[0] for violation in violations(CONTRACT, "inventory.stock", stranger)]
    assert sorted(places) == ["aggregateversion", "source", "subject"]


def test_a_type_on_another_topic_is_named() -> None:
    assert violations(CONTRACT, "orders.order", stock()) == [
        "type: bazaar.inventory.stock.v1 is not promised on orders.order"
    ]


def test_a_confirmed_order_can_not_say_that_it_is_pending() -> None:
    (placed,) = (data for name, data in examples() if name == "bazaar.orders.order.placed.v1")
    lying = Event.new(
        source="/bazaar/orders",
        type="bazaar.orders.order.confirmed.v1",
        subject=PRODUCT,
        version=2,
        data=placed,
    )
    assert violations(CONTRACT, "orders.order", lying) == ["data.status: 'confirmed' was expected"]


def order(fact: str, status: str, reason: str | None) -> Event:
    (placed,) = (data for name, data in examples() if name == "bazaar.orders.order.placed.v1")
    return Event.new(
        source="/bazaar/orders",
        type=f"bazaar.orders.order.{fact}.v1",
        subject=PRODUCT,
        version=7,
        data=placed | {"status": status, "reason": reason},
    )


@pytest.mark.parametrize("reason", [None, "parcel_left"])
@pytest.mark.parametrize("status", ["confirmed", "shipped", "delivered"])
def test_after_a_refused_refund_an_order_is_what_it_was_and_says_why(status: str, reason: str | None) -> None:
    assert violations(CONTRACT, "orders.order", order(status, status, reason)) == []


@pytest.mark.parametrize("status", ["confirmed", "shipped", "delivered"])
def test_an_order_that_goes_on_has_no_reason_to_be_cancelled(status: str) -> None:
    assert violations(CONTRACT, "orders.order", order(status, status, "out_of_stock")) == [
        "data.reason: 'out_of_stock' is not one of ['parcel_left', None]"
    ]


def test_a_reason_is_one_of_those_that_orders_has() -> None:
    known = load(Path(__file__).parents[2] / "contracts" / "openapi" / "orders.json")
    schema = known["components"]["schemas"]["Reason"]
    assert set(resolved("#/components/schemas/Reason")["enum"]) == set(schema["enum"])


@pytest.mark.parametrize("topic", sorted(PROMISED))
def test_each_topic_shows_an_example(topic: str) -> None:
    assert PROMISED[topic] & {name for name, _ in examples()}

from __future__ import annotations

import re

import pytest

from infra import definition
from infra.rabbitmq import requests

WANTED = definition.load().rabbitmq
PUTS = dict(requests(WANTED, lambda path: f"secret of {path}"))


def allows(user: str, right: str, name: str) -> bool:
    return re.search(WANTED["users"][user][right], name) is not None


def test_users_get_their_password_no_tag_and_rights_on_one_vhost() -> None:
    assert PUTS["/users/orders"] == {"password": "secret of orders/amqp_password", "tags": ""}
    assert [path for path in PUTS if path.startswith("/permissions/")] == [
        "/permissions/bazaar/admin",
        "/permissions/bazaar/orders",
        "/permissions/bazaar/fulfillment",
        "/permissions/bazaar/notifications",
    ]


@pytest.mark.parametrize("right", ["configure", "write", "read"])
def test_orders_has_its_reply_queues_and_nothing_of_the_services(right: str) -> None:
    assert allows("orders", right, "rpc.reply-orders-0815")
    for name in (
        "rpc-payments",
        "rpc-inventory",
        "amq.topic",
        "evt-payments",
        "dead-letters",
        "",
        "my-nameko-rpc",
    ):
        assert not allows("orders", right, name), name


def test_orders_publishes_requests() -> None:
    assert allows("orders", "write", "nameko-rpc")


def test_fulfillment_owns_the_request_queues() -> None:
    for name in ("rpc-payments", "rpc-inventory", "nameko-rpc", "rpc.reply-shipping-1"):
        assert allows("fulfillment", "configure", name)
        assert allows("fulfillment", "read", name)
    assert not allows("fulfillment", "read", "amq.topic")


def test_requests_can_not_pile_up_without_end() -> None:
    policy = PUTS["/policies/bazaar/rpc-requests"]
    assert policy["definition"] == {"max-length": 50000, "overflow": "reject-publish"}
    assert re.search(policy["pattern"], "rpc-payments")
    for name in ("rpc.reply-orders-1", "rpc-payments.dead-letter"):
        assert not re.search(policy["pattern"], name)

"""The extensions and services in Nameko's own test kit: worker_factory, entrypoint_hook, no broker."""

import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from unittest.mock import MagicMock
from uuid import uuid4

import pytest
from eventlet.semaphore import Semaphore
from fulfillment.errors import DeadlineExceeded, InvalidRequest, OutOfStock
from fulfillment.extensions.consumer import SteadyQueueConsumer
from fulfillment.extensions.deadline import Deadline, DeadlineGuard
from fulfillment.extensions.rpc import (
    QuorumRpc,
    QuorumRpcConsumer,
    dead_letter_queue,
    quorum_queue,
    refuse_if_late,
    serialize_error,
)
from fulfillment.extensions.telemetry import Tracing, WorkLog
from fulfillment.extensions.timer import SettingTimer, every
from fulfillment.inventory.service import InventoryService
from fulfillment.payments.service import PaymentsService
from fulfillment.shipping.service import ShippingService
from kombu import Exchange
from nameko.containers import ServiceContainer
from nameko.testing.services import dummy, entrypoint_hook, worker_factory
from nameko.testing.utils import get_extension
from nameko.utils import get_redacted_args
from prometheus_client import REGISTRY

from bazaar_shared import telemetry

CONFIG = {"AMQP_URI": "memory://", "max_workers": 7, "TICK": 0.05}


class Desk:
    """A service with nothing but our dependency providers."""

    name = "desk"
    ticks: ClassVar[list[float]] = []

    deadline = DeadlineGuard()
    tracing = Tracing()
    work_log = WorkLog()

    @dummy(expected_exceptions=OutOfStock)
    def look(self, order_id: str, secret: str = "") -> tuple[float | None, str | None]:
        if secret == "refuse":
            raise OutOfStock({"lines": []})
        return self.deadline.at, telemetry.trace_id()

    @every("TICK")
    def tick(self) -> int:
        self.ticks.append(time.monotonic())
        return 0


@pytest.fixture(autouse=True)
def green_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nameko's test kit waits on a thread's semaphore: green after `nameko test` has patched all, here only
    it is.
    """
    monkeypatch.setattr("nameko.testing.waiting.Semaphore", Semaphore)


@pytest.fixture
def desk() -> Iterator[ServiceContainer]:
    telemetry.configure("fulfillment", "test")
    container = ServiceContainer(Desk, CONFIG)
    container.start()
    yield container
    container.stop()


def test_context_data_becomes_deadline_and_trace(desk: ServiceContainer) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    context = {"deadline": 12.5, "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    with entrypoint_hook(desk, "look", context_data=context) as look:
        assert look("o-1") == (12.5, trace)
    assert telemetry.trace_id() is None


def test_a_call_without_context_begins_a_trace_and_has_all_the_time(desk: ServiceContainer) -> None:
    with entrypoint_hook(desk, "look") as look:
        deadline, trace = look("o-1")
    assert deadline is None
    assert trace is not None


def test_work_is_measured_by_its_outcome(desk: ServiceContainer) -> None:
    def count(outcome: str) -> float:
        labels = {"rpc_service": "desk", "rpc_method": "look", "outcome": outcome}
        return REGISTRY.get_sample_value("rpc_server_duration_seconds_count", labels) or 0

    before = count("ok"), count("OutOfStock")
    with entrypoint_hook(desk, "look") as look:
        look("o-1")
        with pytest.raises(OutOfStock):
            look("o-1", "refuse")
    assert (count("ok"), count("OutOfStock")) == (before[0] + 1, before[1] + 1)


def test_a_timer_takes_its_interval_from_the_configuration(desk: ServiceContainer) -> None:
    timer = get_extension(desk, SettingTimer, method_name="tick")
    assert timer.interval == 0.05


def test_remaining_time() -> None:
    assert Deadline().remaining(3) == 3
    assert Deadline(time.time() + 100).remaining(3) == 3
    assert 0 < Deadline(time.time() + 1).remaining(3) <= 1
    assert Deadline(time.time() - 1).remaining(3) == 0
    with pytest.raises(DeadlineExceeded):
        Deadline(time.time() - 1).check()


def test_a_late_call_is_refused_before_a_worker_is_spawned() -> None:
    with pytest.raises(DeadlineExceeded):
        refuse_if_late(time.time() - 0.001)
    for fine in (time.time() + 10, None, "soon"):
        refuse_if_late(fine)


def test_the_queue_says_quorum_limit_and_dead_letters() -> None:
    exchange = Exchange("nameko-rpc", type="topic")
    queue, letters = quorum_queue("inventory", exchange), dead_letter_queue("inventory")
    assert (queue.name, queue.routing_key, queue.durable) == ("rpc-inventory", "inventory.*", True)
    assert queue.queue_arguments == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 5,
        "x-dead-letter-exchange": "rpc-dead-letter",
    }
    assert {bound.arguments["x-first-death-reason"] for bound in letters.bindings} == {
        "rejected",
        "delivery_limit",
    }
    assert letters.exclusive is False
    assert letters.queue_arguments["x-queue-type"] == "quorum"


@pytest.mark.parametrize("service", [InventoryService, PaymentsService, ShippingService])
def test_prefetch_is_max_workers_and_all_methods_share_one_consumer(service: type) -> None:
    container = ServiceContainer(service, CONFIG)
    consumers = [
        extension for extension in container.extensions if isinstance(extension, SteadyQueueConsumer)
    ]
    assert [consumer.prefetch_count for consumer in consumers] == [7]
    assert (
        len([extension for extension in container.extensions if isinstance(extension, QuorumRpcConsumer)])
        == 1
    )


def test_a_refusals_numbers_stay_numbers() -> None:
    detail = {"lines": [{"product_id": "p", "requested": 3, "available": 0}]}
    error = serialize_error(OutOfStock(detail))
    assert (error["exc_type"], error["exc_args"]) == ("OutOfStock", [detail])
    assert serialize_error(ValueError("x"))["exc_args"] == ["x"]


def test_a_reply_that_cannot_be_sent_is_left_to_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nameko would let the error end the process."""
    consumer, message = QuorumRpcConsumer(), MagicMock()
    consumer.queue_consumer = MagicMock()
    monkeypatch.setattr(consumer, "_reply", MagicMock(side_effect=ConnectionResetError))
    assert consumer.handle_result(message, {"state": "reserved"}, None) == ({"state": "reserved"}, None)
    consumer.queue_consumer.requeue_message.assert_called_once_with(message)
    consumer.queue_consumer.ack_message.assert_not_called()


@pytest.mark.parametrize("settle", ["ack_message", "requeue_message", "reject_message"])
def test_settling_on_a_dead_channel_does_not_end_the_process(settle: str) -> None:
    message = MagicMock()
    for name in ("ack", "requeue", "reject"):
        getattr(message, name).side_effect = BrokenPipeError
    getattr(SteadyQueueConsumer(), settle)(message)


def test_a_broker_that_is_back_is_found_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer, connection = SteadyQueueConsumer(), MagicMock()
    connection.__enter__.return_value = connection
    monkeypatch.setattr(consumer, "create_connection", lambda: connection)
    with consumer.establish_connection():
        [call] = connection.ensure_connection.call_args_list
    assert call.kwargs["interval_max"] <= 2


def test_sensitive_arguments_are_blacked_out() -> None:
    payments, shipping = ServiceContainer(PaymentsService, CONFIG), ServiceContainer(ShippingService, CONFIG)
    authorize = get_extension(payments, QuorumRpc, method_name="authorize_payment")
    seen = get_redacted_args(authorize, order_id="o", amount_minor=5, currency="EUR", payment_token="tok")
    assert seen == {"order_id": "o", "amount_minor": 5, "currency": "EUR", "payment_token": "********"}
    book = get_extension(shipping, QuorumRpc, method_name="book_parcels")
    assert get_redacted_args(book, order_id="o", address={"city": "B"}, lines=[])["address"] == "********"


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda s: s.reserve_stock("x", []), "order_id"),
        (lambda s: s.reserve_stock(str(uuid4()), []), "lines"),
        (lambda s: s.adjust_stock("a", str(uuid4()), 0, "count"), "delta"),
        (lambda s: s.adjust_stock("", str(uuid4()), 1, "count"), "adjustment_id"),
        (lambda s: s.get_stock(["x"]), "product_ids[0]"),
    ],
)
def test_inventory_refuses_bad_arguments_without_a_transaction(
    call: Callable[[InventoryService], Any], field: str
) -> None:
    service = worker_factory(InventoryService)
    with pytest.raises(InvalidRequest) as refused:
        call(service)
    assert refused.value.detail["field"] == field
    service.database.begin.assert_not_called()


def test_payments_refuse_another_currency_without_asking_anybody() -> None:
    service = worker_factory(PaymentsService, market_currency="EUR")
    with pytest.raises(InvalidRequest) as refused:
        service.authorize_payment(str(uuid4()), 500, "USD", "tok_approve")
    assert refused.value.detail["field"] == "currency"
    service.database.begin.assert_not_called()
    service.processor.ask.assert_not_called()

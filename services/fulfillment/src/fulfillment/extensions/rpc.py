"""Nameko's `@rpc` on a replicated queue: quorum type, a delivery limit, dead letters, deadlines, exact
error details.
"""

import time
from collections.abc import Iterable
from functools import partial
from logging import getLogger
from typing import Any

import kombu.serialization
from amqp.exceptions import AMQPError
from kombu import Exchange, Queue, binding
from kombu.exceptions import KombuError
from nameko.amqp.publish import Publisher
from nameko.constants import AMQP_URI_CONFIG_KEY
from nameko.exceptions import (
    ContainerBeingKilled,
    MalformedRequest,
    UnserializableValueError,
    get_module_path,
)
from nameko.exceptions import serialize as nameko_serialize
from nameko.rpc import RPC_QUEUE_TEMPLATE, Rpc, RpcConsumer, get_rpc_exchange

from fulfillment.errors import DeadlineExceeded, Refusal
from fulfillment.extensions.consumer import SteadyQueueConsumer

log = getLogger(__name__)

DELIVERY_LIMIT = 5
DEAD_LETTERS_KEPT_MS = 14 * 24 * 3600 * 1000
DEAD_LETTERS_KEPT = 10_000
KNOWN_HEADERS = ("call_id_stack", "deadline", "traceparent", "tracestate")


def dead_letter_exchange() -> Exchange:
    return Exchange("rpc-dead-letter", type="headers", durable=True)


def quorum_queue(service: str, exchange: Exchange) -> Queue:
    """The service's queue. These arguments work on RabbitMQ 3.10 (no default limit) and on 4.x (default 20)
    alike.
    """
    return Queue(
        RPC_QUEUE_TEMPLATE.format(service),
        exchange=exchange,
        routing_key=f"{service}.*",
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": dead_letter_exchange().name,
        },
    )


def dead_letter_queue(service: str) -> Queue:
    """Takes what was refused or delivered too often, and not what expired: a caller that gave up is no
    fault.
    """
    letters = dead_letter_exchange()
    return Queue(
        RPC_QUEUE_TEMPLATE.format(service) + ".dead-letter",
        bindings=[
            binding(
                letters,
                arguments={
                    "x-match": "all-with-x",
                    "x-first-death-queue": RPC_QUEUE_TEMPLATE.format(service),
                    "x-first-death-reason": reason,
                },
            )
            for reason in ("rejected", "delivery_limit")
        ],
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-message-ttl": DEAD_LETTERS_KEPT_MS,
            "x-max-length": DEAD_LETTERS_KEPT,
        },
    )


def serialize_error(exc: BaseException) -> dict[str, Any]:
    """Nameko's shape, but a refusal's detail stays JSON: Nameko turns the numbers in it into texts."""
    if isinstance(exc, Refusal):
        path = get_module_path(type(exc))
        return {
            "exc_type": type(exc).__name__,
            "exc_path": path,
            "exc_args": [exc.detail],
            "value": str(exc.detail),
        }
    return dict(nameko_serialize(exc))


class QuorumRpcConsumer(RpcConsumer):
    queue_consumer = SteadyQueueConsumer()
    queue: Queue | None
    declare: Iterable[Queue] = ()

    def setup(self) -> None:
        if self.queue is None:
            service, exchange = self.container.service_name, get_rpc_exchange(self.container.config)
            self.queue = quorum_queue(service, exchange)
            self.declare = (dead_letter_queue(service),)
            self.queue_consumer.register_provider(self)

    def handle_message(self, body: Any, message: Any) -> None:
        if not message.properties.get("reply_to"):
            log.error(
                "an RPC that nobody waits for", extra={"rpc_method": message.delivery_info["routing_key"]}
            )
            self.queue_consumer.reject_message(message)
            return
        super().handle_message(body, message)

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        try:
            self._reply(message, result, exc_info)
        except (AMQPError, KombuError, OSError) as exc:
            # Nameko would end the whole process here. The step is stored; the message comes again, and so
            # does its reply.
            log.warning("could not reply", extra={"error": repr(exc)})
            self.queue_consumer.requeue_message(message)
        else:
            self.queue_consumer.ack_message(message)
        return result, exc_info

    def _reply(self, message: Any, result: Any, exc_info: Any) -> None:
        config = self.container.config
        payload = {"result": result, "error": serialize_error(exc_info[1]) if exc_info else None}
        try:
            kombu.serialization.dumps(payload, "json")
        except Exception:  # noqa: BLE001 whatever a serializer raises, the caller must get an answer
            payload = {"result": None, "error": serialize_error(UnserializableValueError(result))}
        Publisher(config[AMQP_URI_CONFIG_KEY]).publish(
            payload,
            serializer="json",
            exchange=get_rpc_exchange(config),
            routing_key=message.properties["reply_to"],
            correlation_id=message.properties.get("correlation_id"),
        )


class QuorumRpc(Rpc):
    """`@rpc` with keyword arguments only, which does not begin what nobody waits for any more."""

    rpc_consumer = QuorumRpcConsumer()

    def handle_message(self, body: Any, message: Any) -> None:
        if not isinstance(body, dict) or not isinstance(body.get("kwargs"), dict):
            raise MalformedRequest("a message has `args` and `kwargs`")
        if body.get("args"):
            raise MalformedRequest("keyword arguments only")
        self.check_signature((), body["kwargs"])
        context = self.unpack_message_headers(message)
        refuse_if_late(context.get("deadline"))
        handle_result = partial(self.handle_result, message)
        try:
            self.container.spawn_worker(
                self, (), body["kwargs"], context_data=context, handle_result=handle_result
            )
        except ContainerBeingKilled:
            self.rpc_consumer.requeue_message(message)

    def unpack_message_headers(self, message: Any) -> dict[str, Any]:
        """Only the headers this system knows become context data; strangers' headers could even stop a
        worker.
        """
        context = super().unpack_message_headers(message)
        known = {name: context[name] for name in KNOWN_HEADERS if name in context}
        if not isinstance(known.get("call_id_stack", []), list):
            del known["call_id_stack"]
        return known


def refuse_if_late(deadline: Any) -> None:
    if isinstance(deadline, int | float) and time.time() >= deadline:
        raise DeadlineExceeded


rpc = QuorumRpc.decorator

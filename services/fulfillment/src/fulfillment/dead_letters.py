"""The RPC queues' dead letters, brought back: each goes to its service again, as the call it was.

Its caller has long given up, so the deadline is taken off; the steps are idempotent, and the reply goes
nowhere.
"""

import json
from typing import Any

from kombu import Connection, Exchange, Message, Producer

from fulfillment.extensions.rpc import dead_letter_queue
from fulfillment.settings import NAMEKO_SERVICES, Settings

KEPT_PROPERTIES = ("content_type", "content_encoding", "correlation_id", "reply_to", "delivery_mode")
NOBODY = "nobody-waits"


def replay_rpc(settings: Settings) -> int:
    exchange = Exchange(settings.rpc_exchange, type="topic", durable=True)
    replayed: dict[str, int] = {}
    with Connection(settings.amqp_url, transport_options={"confirm_publish": True}) as connection:
        for service in NAMEKO_SERVICES[:3]:
            replayed[service] = _replay_queue(connection, service, exchange)
    print(json.dumps({"replayed": replayed}))  # noqa: T201 a command's answer
    return 0


def _replay_queue(connection: Any, service: str, exchange: Exchange) -> int:
    channel = connection.channel()
    queue = dead_letter_queue(service)(channel)
    queue.declare()
    # as many as are there now: what is refused again comes back to this queue, and waits for the next time
    waiting = queue.queue_declare(passive=True).message_count
    producer, done = Producer(channel, exchange=exchange), 0
    while done < waiting and (message := queue.get(no_ack=False)) is not None:
        _publish_again(producer, message, service)
        message.ack()
        done += 1
    return done


def _publish_again(producer: Producer, message: Message, service: str) -> None:
    headers = {name: value for name, value in message.headers.items() if not name.startswith("x-")}
    headers.pop("nameko.deadline", None)
    properties = {name: message.properties[name] for name in KEPT_PROPERTIES if name in message.properties}
    producer.publish(
        message.body,
        routing_key=_first_routing_key(message) or f"{service}.unknown",
        headers=headers,
        **{"reply_to": NOBODY, "content_type": message.content_type, **properties},
    )


def _first_routing_key(message: Message) -> str | None:
    for death in reversed(message.headers.get("x-death") or []):
        for key in death.get("routing-keys") or []:
            return str(key)
    return None

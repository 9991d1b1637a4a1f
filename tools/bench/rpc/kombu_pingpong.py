"""The bare exchange by kombu: a request with a reply queue and an id, an answer with the id, nothing else.

Its guarantees are Nameko's: what is published is persistent and confirmed, and a request is acknowledged
after its answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from kombu import Connection, Consumer, Producer, Queue

from tools.bench.rpc.window import ANSWER, PREFETCH, REPLY, REQUEST, Given, Window, given, keep_calling

CONFIRMED = {"confirm_publish": True}


def serve(what: Given) -> None:
    requests = Queue(what.queue, durable=True, queue_arguments={"x-queue-type": what.queue_type})
    # two connections, as waiting for a confirmation reads what else comes on the same one
    with Connection(what.url) as taking, Connection(what.url, transport_options=CONFIRMED) as answering:
        producer = Producer(answering.channel(), serializer="json")

        def on_request(body: dict[str, Any], message: Any) -> None:
            producer.publish(
                REPLY | {"result": body["kwargs"]["order"]},
                routing_key=message.properties["reply_to"],
                correlation_id=message.properties["correlation_id"],
            )
            message.ack()

        consumer = Consumer(taking.channel(), [requests], callbacks=[on_request], accept=["json"])
        consumer.qos(prefetch_count=PREFETCH)
        with consumer:
            print("ready", flush=True)
            while True:
                taking.drain_events()


def call(what: Given) -> None:
    replies = Queue(f"rpc.reply-{uuid.uuid4()}", exclusive=True, auto_delete=True, durable=False)
    answers: dict[str, Any] = {}

    def on_reply(body: dict[str, Any], message: Any) -> None:
        answers[message.properties["correlation_id"]] = body["result"]

    with Connection(what.url) as taking, Connection(what.url, transport_options=CONFIRMED) as asking:
        producer = Producer(asking.channel(), serializer="json")

        def start() -> Callable[[], object]:
            call_id = str(uuid.uuid4())
            producer.publish(REQUEST, routing_key=what.queue, reply_to=replies.name, correlation_id=call_id)

            def answer() -> object:
                while call_id not in answers:
                    taking.drain_events(timeout=ANSWER)
                return answers.pop(call_id)

            return answer

        consumer = Consumer(taking.channel(), [replies], callbacks=[on_reply], no_ack=True, accept=["json"])
        with consumer:
            keep_calling(start, Window(what.warm_up, what.seconds), what.in_flight)


if __name__ == "__main__":
    role, found = given()
    {"serve": serve, "call": call}[role](found)

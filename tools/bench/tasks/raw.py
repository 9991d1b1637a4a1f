"""The bare exchange by kombu, which is Celery's own transport: one process takes, does and acknowledges."""

from __future__ import annotations

import os
import time
from typing import Any

from kombu import Connection, Consumer, Queue

REST = 0.01  # seconds


def queue_of(name: str) -> Queue:
    return Queue(name, durable=True, queue_arguments={"x-queue-type": "quorum", "x-delivery-limit": 5})


def do(body: dict[str, Any]) -> None:
    match body["task"]:
        case "noop":
            pass
        case "rest":
            time.sleep(REST)
        case "mark":
            print(body["argument"], flush=True)


def main() -> None:
    def on_message(body: dict[str, Any], message: Any) -> None:
        do(body)
        message.ack()

    queue = queue_of(os.environ["BENCH_QUEUE"])
    with Connection(os.environ["AMQP_URL"]) as connection:
        consumer = Consumer(connection.channel(), [queue], callbacks=[on_message], accept=["json"])
        consumer.qos(prefetch_count=int(os.environ["BENCH_PREFETCH"]))
        with consumer:
            while True:
                connection.drain_events()


if __name__ == "__main__":
    main()

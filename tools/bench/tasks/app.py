"""A Celery application that is set up as notifications' is, with tasks that do nothing.

AMQP_URL, BENCH_QUEUE, BENCH_PREFETCH (of each child), BENCH_EVENTS (1: told to flower, as in the market).
"""

from __future__ import annotations

import os
import time

from celery import Celery
from kombu import Exchange, Queue

REST = 0.01  # seconds


def create_celery(url: str, queue: str, *, prefetch: int, events: bool) -> Celery:
    app = Celery("bench", broker=url)
    arguments = {"x-queue-type": "quorum", "x-delivery-limit": 5}
    exchange = Exchange(queue, type="topic", durable=True)
    app.conf.update(
        broker_transport_options={"confirm_publish": True},
        broker_connection_retry_on_startup=True,
        task_queues=[Queue(queue, exchange, routing_key=queue, durable=True, queue_arguments=arguments)],
        task_default_queue=queue,
        task_default_exchange=queue,
        task_default_exchange_type="topic",
        task_default_routing_key=queue,
        task_default_queue_type="quorum",
        broker_native_delayed_delivery_queue_type="classic",
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_soft_time_limit=42,
        task_time_limit=54,
        worker_prefetch_multiplier=prefetch,
        worker_enable_remote_control=False,
        worker_send_task_events=events,
        task_send_sent_event=events,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return app


app = create_celery(
    os.environ["AMQP_URL"],
    os.environ["BENCH_QUEUE"],
    prefetch=int(os.environ.get("BENCH_PREFETCH", "1")),
    events=os.environ.get("BENCH_EVENTS") == "1",
)


@app.task(name="bench.noop")  # type: ignore[untyped-decorator]
def noop(_number: int) -> None:
    """Nothing is done: all it costs is Celery's."""


@app.task(name="bench.rest")  # type: ignore[untyped-decorator]
def rest(_number: int) -> None:
    time.sleep(REST)


@app.task(name="bench.mark")  # type: ignore[untyped-decorator]
def mark(word: str) -> None:
    print(word, flush=True)

"""Fills a queue: a warm-up, a mark, what is measured, a mark. Both ways publish persistently and confirmed.

enqueue celery|raw noop|rest WARM-UP COUNT
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kombu import Connection, Producer

from tools.bench.tasks.raw import queue_of

Send = Callable[[str, object], object]


@contextmanager
def by_celery() -> Iterator[Send]:
    from tools.bench.tasks import app

    tasks = {"noop": app.noop, "rest": app.rest, "mark": app.mark}
    yield lambda task, argument: tasks[task].delay(argument)


@contextmanager
def bare() -> Iterator[Send]:
    queue = queue_of(os.environ["BENCH_QUEUE"])
    with Connection(os.environ["AMQP_URL"], transport_options={"confirm_publish": True}) as connection:
        producer = Producer(connection.channel(), serializer="json")
        queue(connection.channel()).declare()
        yield lambda task, argument: producer.publish(
            {"task": task, "argument": argument}, routing_key=queue.name
        )


def main(way: str, task: str, warm_up: int, count: int) -> None:
    with {"celery": by_celery, "raw": bare}[way]() as send:
        for number in range(warm_up):
            send(task, number)
        send("mark", "begin")
        print("begin", flush=True)
        used, started = time.process_time(), time.perf_counter()
        for number in range(count):
            send(task, number)
        told = {"cpu_seconds": time.process_time() - used, "seconds": time.perf_counter() - started}
        print("end", flush=True)
        send("mark", "end\n{}")
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))

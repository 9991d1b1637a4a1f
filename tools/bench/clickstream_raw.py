"""The yardstick: a bare aiokafka producer that sends the batches clickstream would send, and nothing else.

Runs in clickstream's environment, on its event loop, with its producer's settings: acks of all, idempotent,
the same linger and batch size, a partition chosen once for each batch. As many senders as the service has
clients; each waits for all acknowledgements of a batch before it sends the next. Prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from clickstream import kafka
from clickstream.clicks import Batch, View
from clickstream.envelope import encoded
from clickstream.settings import load

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HEADERS = [("content-type", b"application/cloudevents+json"), ("traceparent", TRACE.encode())]
WARM_UP = 1.0
SESSIONS = 1000


def batches(events: int) -> list[tuple[bytes, list[bytes]]]:
    """Keys and values, made beforehand: sending them is all that is measured."""
    made = []
    for _ in range(SESSIONS):
        session, now = uuid4(), datetime.now(UTC)
        clicks = [View(id=uuid4(), at=now, product_id=uuid4(), page="/p/a-tea") for _ in range(events)]
        made.append((str(session).encode(), list(encoded(Batch(events=clicks), session, now, TRACE))))
    return made


async def main(servers: str, topic: str, senders: int, events: int, seconds: float) -> None:
    ready = batches(events)
    choose = DefaultPartitioner()
    producer = AIOKafkaProducer(
        bootstrap_servers=servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=load(kafka_bootstrap_servers=servers).linger_ms,
        max_batch_size=kafka.MOST_AT_ONCE,
    )
    async with producer:
        partitions = sorted(await producer.partitions_for(topic))

        async def send_until(end: float, first: int) -> int:
            sent = 0
            while time.perf_counter() < end:
                key, values = ready[(first + sent * senders) % SESSIONS]
                partition = choose(key, partitions, partitions)
                acknowledged = [
                    await producer.send(topic, value, key=key, partition=partition, headers=HEADERS)
                    for value in values
                ]
                await asyncio.gather(*acknowledged)
                sent += 1
            return sent

        async def all_senders(for_seconds: float) -> int:
            end = time.perf_counter() + for_seconds
            return sum(await asyncio.gather(*(send_until(end, number) for number in range(senders))))

        warm = await all_senders(WARM_UP)
        used, began = time.process_time(), time.perf_counter()
        sent = await all_senders(seconds)
        took, used = time.perf_counter() - began, time.process_time() - used
    told = {
        "batches": sent,
        "all_batches": warm + sent,
        "per_second": sent * events / took,
        "cpu_micros": used / (sent * events) * 1e6,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))

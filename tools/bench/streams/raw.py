"""The bare reader: aiokafka, the document decoded, a count kept; `table` also writes it to a changelog.

Its guarantees are Faust's: offsets are committed each second, after what came of the records is acknowledged.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from time import monotonic

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from tools.bench.streams.counting import Given, Telling, given

COMMIT_EVERY = 1.0
BATCH = 500


async def main(what: Given) -> None:
    consumer = AIOKafkaConsumer(
        what.topic,
        bootstrap_servers=what.servers,
        group_id=what.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=what.servers, acks="all")
    await consumer.start()
    await producer.start()
    try:
        await read(what, consumer, producer)
    finally:
        await consumer.stop()
        await producer.stop()


async def read(what: Given, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
    telling, counts = Telling(what.records), Counter[bytes]()
    commit_at = monotonic() + COMMIT_EVERY
    while not telling.done:
        for partition, messages in (await consumer.getmany(timeout_ms=500, max_records=BATCH)).items():
            for message in messages:
                json.loads(message.value)
                if what.variant == "table":
                    counts[message.key] += 1
                    value = json.dumps(counts[message.key]).encode()
                    await producer.send(what.changelog, value, key=message.key, partition=partition.partition)
                telling.one()
        if monotonic() >= commit_at or telling.done:
            await producer.flush()
            await consumer.commit()
            commit_at = monotonic() + COMMIT_EVERY
    telling.end(sum(counts.values()) if counts else telling.count)


if __name__ == "__main__":
    asyncio.run(main(given(sys.argv[1:])))

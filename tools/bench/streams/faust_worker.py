"""Faust on the same topic: `stateless` decodes and counts in passing, `memory` and `rocksdb` keep a table of
counts, each change of which goes to the table's changelog.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from typing import Any

import faust

from tools.bench.streams.counting import PARTITIONS, Given, Telling, given

STORES = {"stateless": "memory://", "memory": "memory://", "rocksdb": "rocksdb://"}


def create_app(what: Given, folder: str) -> faust.App:
    app = faust.App(
        what.group,
        broker=f"kafka://{what.servers}",
        store=STORES[what.variant],
        datadir=folder,
        topic_partitions=PARTITIONS,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=1.0,
        web_enabled=False,
    )
    topic = app.topic(what.topic, key_type=str, value_serializer="json")
    counts = (
        None
        if what.variant == "stateless"
        else app.Table("counts", default=int, key_type=str, partitions=PARTITIONS)
    )
    telling = Telling(what.records)

    @app.agent(topic)  # type: ignore[untyped-decorator]
    async def count(stream: faust.Stream[Any]) -> None:
        async for key, _ in stream.items():  # noqa: PERF102 no dict: a stream that is awaited
            if telling.done:
                continue  # there are more on the topic than are asked for
            if counts is not None:
                counts[key] += 1
            telling.one()
            if telling.done:
                app.loop.create_task(finish(app, what.topic, telling, counts))

    return app


async def finish(app: faust.App, topic: str, telling: Telling, counts: Any) -> None:
    await app.producer.flush()
    await app.commit({topic})
    telling.end(telling.count if counts is None else sum(counts.values()))


def main(what: Given) -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        worker = faust.Worker(
            create_app(what, folder),
            quiet=True,
            override_logging=False,
            redirect_stdouts=False,
            loop=asyncio.new_event_loop(),
        )
        asyncio.set_event_loop(worker.loop)
        worker.spinner = None
        worker.execute_from_commandline()


if __name__ == "__main__":
    main(given(sys.argv[1:]))

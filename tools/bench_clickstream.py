"""How many page events a second clickstream accepts, against a bare Kafka producer in the same run.

Both send the same batches to the same Kafka, to a topic of their own that is removed afterwards. The bare
producer runs before and after; what stands on the topic in the end must be what was accepted.

Exit status: 0 measured, 2 it could not be.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from aiokafka.errors import KafkaError
from rich.console import Console

from native import environments
from tests.servers import image, servers
from tools.bench import cpu
from tools.bench.clickstream_report import ClickstreamReport, Size, as_markdown
from tools.bench.clickstream_stage import (
    ClickstreamStageError,
    Service,
    Topic,
    own_topic,
    raw,
    requests,
    service,
)
from tools.bench.command import options, publish
from tools.bench.http_load import LoadError, Result, closed_loop, open_loop

WARM_UP = 2.0
UNMEASURABLE = (
    ClickstreamStageError, LoadError, environments.EnvironmentsError, OSError, TimeoutError, KafkaError,
    httpx.HTTPError,
)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)

    def measured(console: Console, _log: Path) -> dict[str, Any]:
        environments.ensure(["clickstream"])
        with servers(["kafka"], "bench-servers") as addresses:
            return asyncio.run(measure(addresses["TEST_KAFKA_BOOTSTRAP"], arguments, console)).as_json()

    return publish("clickstream", arguments.out, measured, as_markdown, UNMEASURABLE)


def parser() -> argparse.ArgumentParser:
    made = options("clickstream", __doc__)
    made.add_argument("--seconds", type=float, default=8, help="of each measurement (default %(default)s)")
    made.add_argument("--connections", type=int, default=32, help="of clients (default %(default)s)")
    made.add_argument("--events", type=int, nargs="+", default=[1, 10, 100], help="a batch (1 10 100)")
    made.add_argument(
        "--rate", type=float, default=100, help="batches a second for the latencies (%(default)s)"
    )
    return made


async def measure(bootstrap: str, arguments: argparse.Namespace, console: Console) -> ClickstreamReport:
    whose = "given" if "TEST_KAFKA_BOOTSTRAP" in os.environ else "started for this run"
    kafka = f"{image('kafka').rpartition('/')[2].replace(':', ' ')}, one node, 6 partitions, {whose}"
    report = ClickstreamReport(arguments.connections, arguments.rate, kafka)
    async with own_topic(bootstrap) as topic:
        for events in arguments.events:
            size = Size(events)
            sent = await one_size(topic, size, arguments, console)
            report.sizes.append(size)
            report.stored += sent
            if (stored := await topic.count()) != report.stored:
                raise ClickstreamStageError(f"{report.stored} events were accepted, {stored} are stored")
    return report


async def one_size(topic: Topic, size: Size, arguments: argparse.Namespace, console: Console) -> int:
    """The number of events that were acknowledged in all."""

    async def yardstick() -> int:
        console.print(f"{size.events} events a batch: the bare producer …")
        run = await raw(topic, senders=arguments.connections, events=size.events, seconds=arguments.seconds)
        size.raw.append(run)
        return run.all_batches

    batches = await yardstick()
    async with service(topic) as serving:
        console.print(f"{size.events} events a batch: clickstream …")
        batches += await accepting(serving, size, arguments)
    batches += await yardstick()
    return batches * size.events


async def accepting(serving: Service, size: Size, arguments: argparse.Namespace) -> int:
    make, seconds = requests(size.events), arguments.seconds
    as_much_as_goes = {"connections": arguments.connections}
    warm = await closed_loop(serving.port, make, seconds=WARM_UP, **as_much_as_goes)
    size.accepted, size.cpu_micros = await with_cpu(
        serving,
        size.events,
        lambda: closed_loop(serving.port, make, seconds=seconds, **as_much_as_goes),
    )
    size.at_rate = await open_loop(serving.port, make, rate=arguments.rate, connections=64, seconds=seconds)
    for each in (warm, size.accepted, size.at_rate):
        if set(each.statuses) != {202}:
            raise LoadError(f"not all batches were accepted: {dict(each.statuses)}")
    return warm.accepted + size.accepted.accepted + size.at_rate.accepted


async def with_cpu(
    serving: Service, events: int, load: Callable[[], Awaitable[Result]]
) -> tuple[Result, dict[str, float]]:
    def used() -> dict[str, float]:
        return cpu.seconds({"clickstream": serving.pid}) | {"the client": time.process_time()}

    before = used()
    result = await load()
    count = result.accepted * events
    return result, {name: (now - before[name]) / count * 1e6 for name, now in used().items()}


if __name__ == "__main__":
    sys.exit(main())

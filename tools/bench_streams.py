"""How many records a second Faust takes, against a bare Kafka reader on the same topic in the same run.

Without a table, with one in memory and with one in RocksDB. The bare readers run before and after.

Exit status: 0 measured, 2 it could not be.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaError
from rich.console import Console

from native import environments
from tests.servers import image, servers
from tools.bench.command import options, publish
from tools.bench.streams_report import StreamsReport, as_markdown
from tools.bench.streams_stage import Stage, StreamsStageError, filled

RAW = ("stateless", "table")
# Faust reads so many times fewer of them: the bare reader would be done before it is measured, or Faust never
FEWER = 5
FAUST = ("stateless", "memory", "rocksdb")
UNMEASURABLE = (StreamsStageError, environments.EnvironmentsError, OSError, TimeoutError, KafkaError)


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)

    def measured(console: Console, _log: Path) -> dict[str, Any]:
        environments.ensure(["insights"])
        with servers(["kafka"], "bench-servers") as addresses:
            kafka = addresses["TEST_KAFKA_BOOTSTRAP"]
            return asyncio.run(measure(kafka, arguments.records, console)).as_json()

    return publish("streams", arguments.out, measured, as_markdown, UNMEASURABLE)


def parser() -> argparse.ArgumentParser:
    made = options("streams", __doc__)
    made.add_argument("--records", type=int, default=60_000, help="on the topic (default %(default)s)")
    return made


async def measure(bootstrap: str, records: int, console: Console) -> StreamsReport:
    whose = "given" if "TEST_KAFKA_BOOTSTRAP" in os.environ else "started for this run"
    kafka = f"{image('kafka').rpartition('/')[2].replace(':', ' ')}, one node, 6 partitions, {whose}"
    report = StreamsReport(records, records // FEWER, kafka, {variant: [] for variant in RAW})
    async with filled(bootstrap, records) as stage:
        await yardsticks(stage, report, console)
        for variant in FAUST:
            console.print(f"Faust, {variant} …")
            report.faust[variant] = await stage.run("faust_worker", variant, report.faust_records)
        await yardsticks(stage, report, console)
    return report


async def yardsticks(stage: Stage, report: StreamsReport, console: Console) -> None:
    for variant in RAW:
        console.print(f"the bare reader, {variant} …")
        report.raw[variant].append(await stage.run("raw", variant, report.records))


if __name__ == "__main__":
    sys.exit(main())

"""What Celery costs: tasks a second and CPU time, against a bare consumer on the same kind of queue.

Workers as notifications runs them, and variants, against one process that takes, does and acknowledges by
kombu, in the same run. It needs no market: RabbitMQ is started for it, or the one in TEST_AMQP_URL and
TEST_RABBITMQ_MANAGEMENT_URL is taken.

Exit status: 0 measured, 2 it could not be.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import httpx
from rich.console import Console

from native.environments import EnvironmentsError
from native.install import InstallError
from native.readiness import NotReadyError
from native.uv import UvError
from tools.bench.broker import BrokerError, broker
from tools.bench.command import options, publish
from tools.bench.programs import ProgramError, environments_of
from tools.bench.tasks.telling import as_json, as_markdown
from tools.bench.tasks.workers import PRODUCER, WORKERS, Found, measure

UNMEASURABLE = (
    BrokerError, ProgramError, EnvironmentsError, InstallError, NotReadyError, UvError, OSError,
    httpx.HTTPError, subprocess.SubprocessError,
)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)

    def measured(console: Console, log: Path) -> dict[str, object]:
        return run(arguments, console, log)

    return publish("tasks", arguments.out, measured, as_markdown, UNMEASURABLE)


def parser() -> argparse.ArgumentParser:
    made = options("tasks", __doc__)
    made.add_argument("--tasks", type=int, default=5000, help="of each measurement (default %(default)s)")
    made.add_argument("--rounds", type=int, default=2, help="through all workers (default %(default)s)")
    return made


def run(arguments: argparse.Namespace, console: Console, log: Path) -> dict[str, object]:
    environments_of(PRODUCER)
    found = Found()
    with broker() as here:
        for number in range(1, arguments.rounds + 1):
            for worker in WORKERS:
                for line in measure(worker, here, log, tasks=arguments.tasks, into=found):
                    console.print(f"round {number} of {arguments.rounds}: {line}", soft_wrap=True)
        return as_json(found, here.described, tasks=arguments.tasks, rounds=arguments.rounds)


if __name__ == "__main__":
    sys.exit(main())

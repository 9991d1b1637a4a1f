"""What Nameko's RPC costs: calls a second and CPU time, against bare exchanges over the same RabbitMQ.

A minimal Nameko service is called by Nameko's own proxy and by orders' asyncio client; kombu and aio-pika
play the same ping-pong without a framework, in the same run. It needs no market: RabbitMQ is started for it,
or the one in TEST_AMQP_URL and TEST_RABBITMQ_MANAGEMENT_URL is taken.

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
from tools.bench.rpc.pairs import PAIRS, Figures, Pair, measure
from tools.bench.rpc.telling import as_json, as_markdown

UNMEASURABLE = (
    BrokerError, ProgramError, EnvironmentsError, InstallError, NotReadyError, UvError, OSError,
    httpx.HTTPError, subprocess.SubprocessError,
)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)

    def measured(console: Console, log: Path) -> dict[str, object]:
        return run(arguments, console, log)

    return publish("rpc", arguments.out, measured, as_markdown, UNMEASURABLE)


def parser() -> argparse.ArgumentParser:
    made = options("rpc", __doc__)
    made.add_argument("--seconds", type=float, default=4, help="of each measurement (default %(default)s)")
    made.add_argument("--warm-up", type=float, default=1, help="seconds before each (default %(default)s)")
    made.add_argument("--rounds", type=int, default=2, help="through all pairs (default %(default)s)")
    return made


def run(arguments: argparse.Namespace, console: Console, log: Path) -> dict[str, object]:
    environments_of(*(program for pair in PAIRS for program in (pair.server, pair.client)))
    found: dict[Pair, dict[int, Figures]] = {pair: {} for pair in PAIRS}
    with broker() as here:
        for number in range(1, arguments.rounds + 1):
            for pair in PAIRS:
                times = {"warm_up": arguments.warm_up, "seconds": arguments.seconds}
                for line in measure(pair, here, log, **times, into=found[pair]):
                    console.print(f"round {number} of {arguments.rounds}: {line}", soft_wrap=True)
        return as_json(found, here.described, seconds=arguments.seconds, rounds=arguments.rounds)


if __name__ == "__main__":
    sys.exit(main())

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
import tempfile
from pathlib import Path

import httpx
from rich.console import Console
from rich.markdown import Markdown

from native.environments import EnvironmentsError
from native.install import InstallError
from native.readiness import NotReadyError
from native.uv import UvError
from tools.bench.broker import BrokerError, broker
from tools.bench.programs import ProgramError, environments_of
from tools.bench.report import RESULTS, save
from tools.bench.rpc.pairs import PAIRS, Figures, Pair, measure
from tools.bench.rpc.telling import as_json, as_markdown

UNMEASURABLE = (
    BrokerError, ProgramError, EnvironmentsError, InstallError, NotReadyError, UvError, OSError,
    httpx.HTTPError, subprocess.SubprocessError,
)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="bench-rpc-") as folder:
        log = Path(folder) / "programs.log"
        try:
            report = run(arguments, console, log)
        except UNMEASURABLE as error:
            last = log.read_text(errors="replace").strip()[-800:] if log.exists() else ""
            print(f"not measured: {error or type(error).__name__}\n{last}".strip(), file=sys.stderr)
            return 2
    text = as_markdown(report)
    save(report, text, arguments.out, "rpc")
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        print(text)
    print(f"written to {arguments.out}/rpc.json and rpc.md")
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tools.bench_rpc",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--seconds", type=float, default=4, help="of each measurement (default %(default)s)")
    made.add_argument("--warm-up", type=float, default=1, help="seconds before each (default %(default)s)")
    made.add_argument("--rounds", type=int, default=2, help="through all pairs (default %(default)s)")
    made.add_argument("--out", type=Path, default=RESULTS, help="the folder for the result (docs/benchmarks)")
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

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
from tools.bench.tasks.telling import as_json, as_markdown
from tools.bench.tasks.workers import PRODUCER, WORKERS, Found, measure

UNMEASURABLE = (
    BrokerError, ProgramError, EnvironmentsError, InstallError, NotReadyError, UvError, OSError,
    httpx.HTTPError, subprocess.SubprocessError,
)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="bench-tasks-") as folder:
        log = Path(folder) / "programs.log"
        try:
            report = run(arguments, console, log)
        except UNMEASURABLE as error:
            last = log.read_text(errors="replace").strip()[-800:] if log.exists() else ""
            print(f"not measured: {error or type(error).__name__}\n{last}".strip(), file=sys.stderr)
            return 2
    text = as_markdown(report)
    save(report, text, arguments.out, "tasks")
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        print(text)
    print(f"written to {arguments.out}/tasks.json and tasks.md")
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tools.bench_tasks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--tasks", type=int, default=5000, help="of each measurement (default %(default)s)")
    made.add_argument("--rounds", type=int, default=2, help="through all workers (default %(default)s)")
    made.add_argument("--out", type=Path, default=RESULTS, help="the folder for the result (docs/benchmarks)")
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

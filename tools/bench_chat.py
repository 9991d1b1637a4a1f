"""What 10,000 sockets cost: chat's Tornado against Go's gorilla/websocket, in the same run.

Three servers after each other, then Go once more: the Go server, a bare Tornado that does as little, and chat
itself with PostgreSQL and Redis, where each message is stored before it is passed on. Each is measured with
messages in many small conversations and in one conversation that nearly everybody reads.

Exit status: 0 measured, 1 measured but something was lost, doubled or refused, 2 it could not be measured.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sys
import uuid
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from rich.console import Console
from rich.markdown import Markdown

from native import environments
from tools.bench import chat_go, chat_memory, chat_stage, cpu
from tools.bench.chat_client import ClientError
from tools.bench.chat_crowd import Crowds, Load, Sender, first_error
from tools.bench.chat_go import GoError
from tools.bench.chat_neighbors import Neighbors, serving
from tools.bench.chat_report import NAMES, Run, Stretch, as_json, as_markdown, conditions, write
from tools.bench.chat_stage import ChatStageError, Subject

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "benchmarks"
WARM_UP = 2.0
SPARE_FILES = 500
UNMEASURABLE = (
    GoError, ChatStageError, ClientError, environments.EnvironmentsError, OSError, TimeoutError,
    asyncpg.PostgresError, httpx.HTTPError, ExceptionGroup,
)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    console = Console(highlight=False)
    try:
        enough_files(arguments.sockets)
        report = measured(arguments, console)
    except UNMEASURABLE as error:
        print(f"not measured: {first_error(error)}", file=sys.stderr)
        return 2
    write(report, arguments.out)
    if console.is_terminal:
        console.print(Markdown(as_markdown(report)))
    else:
        print(as_markdown(report))
    print(f"written to {arguments.out}/chat.json and chat.md")
    return 0 if clean(report) else 1


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tools.bench_chat",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--sockets", type=int, default=10_000, help="at each server (default %(default)s)")
    made.add_argument("--seconds", type=float, default=15, help="of each measurement (default %(default)s)")
    made.add_argument(
        "--readers", type=int, default=10, help="sockets of a conversation (default %(default)s)"
    )
    made.add_argument(
        "--rate", type=float, default=50, help="messages a second in them (default %(default)s)"
    )
    made.add_argument(
        "--hall-rate", type=float, default=1, help="messages a second to everybody (default %(default)s)"
    )
    made.add_argument(
        "--only",
        nargs="+",
        choices=list(NAMES),
        default=list(NAMES),
        help="of the servers; Go is always measured",
    )
    made.add_argument("--out", type=Path, default=RESULTS, help="the folder for the result (docs/benchmarks)")
    return made


def enough_files(sockets: int) -> None:
    """The server has all sockets in one process: it inherits this one's limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < sockets + SPARE_FILES:
        raise OSError(
            f"{sockets} sockets need more than the {hard} open files that a process may have: --sockets"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def clean(report: Mapping[str, Any]) -> bool:
    bad = ("lost", "twice", "out_of_order", "refused", "closed")
    stretches = [each for run in report["runs"].values() for each in run.values() if isinstance(each, dict)]
    return not any(stretch[name] for stretch in stretches for name in bad)


def measured(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from tests.servers import servers

    load = os.getloadavg()[0]
    console.print("building the Go server …")
    built = chat_go.build()
    environments.ensure(["chat"], dev=True)  # where it was made for development, it stays so
    with servers(("postgres", "redis"), "bench-servers") as addresses:
        runs = asyncio.run(measure(arguments, console, built, addresses))
        postgres = asyncio.run(chat_stage.database_settings(addresses["TEST_POSTGRES_URL"]))
    given = {
        "postgresql": postgres,
        "sockets": arguments.sockets,
        "sockets a conversation": arguments.readers,
    }
    return as_json(runs, conditions(load, ROOT / "services/chat/requirements.txt", given, built.versions))


async def measure(
    arguments: argparse.Namespace, console: Console, built: chat_go.Built, servers: Mapping[str, str]
) -> dict[str, Run]:
    count = -(-arguments.sockets // arguments.readers)
    rooms = [str(uuid.uuid4()) for _ in range(count)]
    with serving(Neighbors(stalls=count)) as neighbors:
        stages: dict[str, AbstractAsyncContextManager[Subject]] = {
            "go": chat_stage.go(built, rooms),
            "tornado": chat_stage.bare_tornado(rooms),
            "chat": chat_stage.chat(servers, neighbors, count),
            "go_again": chat_stage.go(built, rooms),
        }
        runs = {}
        for name, stage in stages.items():
            if name == "go" or name in arguments.only:
                console.print(f"{NAMES[name]} …")
                async with stage as subject:
                    runs[name] = await one(subject, arguments, console)
        return runs


async def one(subject: Subject, arguments: argparse.Namespace, console: Console) -> Run:
    """Connect, measure the memory, then messages of both shapes."""
    seats = subject.seats(arguments.sockets, arguments.readers)
    # the first ones bring in what a server makes once: caches, connections to its database
    early = min(len(seats), max(1, len(seats) // (20 * arguments.readers)) * arguments.readers)
    senders = [Sender(number, seats[number].rooms[0]) for number in range(0, len(seats), arguments.readers)]
    async with Crowds(len(seats), subject.port) as crowds:
        await crowds.connect(seats[:early])
        await crowds.load([each for each in senders if each.seat < early], 5, WARM_UP)
        run = await connected(subject, crowds, seats, early, arguments.seconds)
        console.print(f"  {len(seats):,} sockets in {run.connect_seconds:.1f} s, {run.kib:.1f} KiB each")
        # chat allows an account 20 messages in 10 s
        rate = min(arguments.rate, float(len(senders)))
        stretches = {"conversations": (senders, rate, arguments.readers)}
        # the stalls' people; the shoppers have no business there
        hall = [number for number in range(len(seats)) if number % arguments.readers]
        stretches["hall"] = (
            [Sender(each, subject.hall) for each in hall[::7]],
            arguments.hall_rate,
            len(hall),
        )
        for shape, (who, rate, readers) in stretches.items():
            if shape == "hall":
                await crowds.subscribe(subject.hall, hall)
            console.print(f"  {rate:g} messages a second to {readers:,} readers each …")
            run.stretches[shape] = await stretch(subject, crowds, who, rate, arguments.seconds, readers)
            console.print(f"  {words(run.stretches[shape].load)}")
        return run


async def connected(subject: Subject, crowds: Crowds, seats: list[Any], early: int, silence: float) -> Run:
    memory, before = chat_memory.kib(subject.pid), cpu.seconds({"server": subject.pid})
    seconds = await crowds.connect(seats[early:], early)
    after = cpu.seconds({"server": subject.pid})
    more = max(1, len(seats) - early)
    kib = (chat_memory.kib(subject.pid) - memory) / more
    share = await silent(subject.pid, silence)
    return Run(len(seats), kib, cpu.micros_each(before, after, more)["server"], seconds, share)


async def silent(pid: int, seconds: float) -> float:
    """The share of a processor that a server takes with all its sockets open and nothing said."""
    before = cpu.seconds({"server": pid})["server"]
    await asyncio.sleep(seconds)
    return (cpu.seconds({"server": pid})["server"] - before) / seconds


async def stretch(
    subject: Subject, crowds: Crowds, senders: list[Sender], rate: float, seconds: float, readers: int
) -> Stretch:
    pids = {"server": subject.pid, **subject.watched, **crowds.pids}
    before = cpu.seconds(pids)
    load = await crowds.load(senders, rate, seconds)
    return Stretch(load, readers, cpu.micros_each(before, cpu.seconds(pids), max(1, load.delivered)))


def words(load: Load) -> str:
    said = f"{load.delivered:,} of {load.expected:,} delivered, p50 {load.percentile_ms(0.5):.1f} ms"
    trouble = [
        ("twice", load.again),
        ("out of order", load.gaps),
        *load.refused.items(),
        *load.closed.items(),
    ]
    return ", ".join([said, *(f"{name}: {count}" for name, count in trouble if count)])


if __name__ == "__main__":
    sys.exit(main())

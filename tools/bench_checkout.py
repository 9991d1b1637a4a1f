"""How fast orders are accepted and completed, against PostgreSQL's own pace in the same run.

The accepting part runs on a database of its own: orders is started once more in the place of the market's,
and what is placed there is thrown away. The completing part buys real things from the demo market and gives
back what it can.

Exit status: 0 measured, 2 it could not be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import yaml
from rich.console import Console
from rich.markdown import Markdown

from native.modes import Mode, ModeError
from native.native_mode import NativeMode
from tools.bench import cpu, pace
from tools.bench.completing import CompletingError, completing
from tools.bench.http_load import LoadError, Result, closed_loop, open_loop, requests
from tools.bench.pace import PaceError, Pgbench
from tools.bench.report import RESULTS, Report, as_markdown, write
from tools.bench.stage import Stage, StageError, own_orders
from tools.books import UnreadableBookError
from tools.shopper import DemoError, Shopper, order_body

ROOT = Path(__file__).resolve().parent.parent
SHOPPER = "chiyo@bazaar.example"
LINES = 3
WARM_UP = 2.0
UNMEASURABLE = (
    PaceError, StageError, CompletingError, LoadError, DemoError, ModeError, UnreadableBookError, OSError,
    TimeoutError, asyncpg.PostgresError, httpx.HTTPError,
)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    console = Console(highlight=False)
    try:
        mode = native_mode()
        report = asyncio.run(measure(mode, arguments, console)).as_json()
    except UNMEASURABLE as error:
        print(f"not measured: {error or type(error).__name__}", file=sys.stderr)
        return 2
    write(report, arguments.out)
    if console.is_terminal:
        console.print(Markdown(as_markdown(report)))
    else:
        print(as_markdown(report))
    print(f"written to {arguments.out}/checkout.json and checkout.md")
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tools.bench_checkout",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--seconds", type=int, default=8, help="of each measurement (default %(default)s)")
    made.add_argument("--connections", type=int, default=16, help="of clients (default %(default)s)")
    made.add_argument(
        "--rate", type=float, default=100, help="orders a second for the latencies (%(default)s)"
    )
    made.add_argument(
        "--backlog", type=int, default=40, help="open orders at any time; 0: no completing (%(default)s)"
    )
    made.add_argument("--completing", type=float, default=20, help="seconds of completing (%(default)s)")
    made.add_argument("--out", type=Path, default=RESULTS, help="the folder for the result (docs/benchmarks)")
    return made


def native_mode() -> NativeMode:
    mode = Mode.detect()
    if not isinstance(mode, NativeMode):
        raise ModeError(
            "the benchmark replaces the orders process; only natively it can: MODE=native make up"
        )
    missing = [name for name in ("gateway", "identity", "orders") if not mode.ready(name)]
    if missing:
        raise ModeError(f"the market must run: {', '.join(missing)} is not ready; make up")
    return mode


async def measure(mode: NativeMode, arguments: argparse.Namespace, console: Console) -> Report:
    binary = pace.find_pgbench()
    market = yaml.safe_load((ROOT / "demo" / "market.yaml").read_text(encoding="utf-8"))
    token = sign_in(mode, market)
    async with own_orders(mode, market) as stage:
        report = Report(arguments.connections, LINES, arguments.rate, await stage.settings())
        await accepting(mode, stage, binary, token, arguments, report, console)
    if arguments.backlog:
        console.print(f"completing real orders, {arguments.backlog} open at any time …")
        await until_ready(mode)
        report.completing = await completing(
            mode, sign_in(mode, market), backlog=arguments.backlog, seconds=arguments.completing
        )
    return report


def sign_in(mode: Mode, market: dict[str, Any]) -> str:
    [account] = [each for each in market["accounts"] if each["email"] == SHOPPER]
    shopper = Shopper.at(mode.addresses().gateway)
    return str(shopper.sign_in(account["email"], account["password"])["access_token"])


async def until_ready(mode: Mode) -> None:
    for _ in range(120):
        if all(mode.ready(name) for name in ("orders", "orders-saga", "orders-relay")):
            return
        await asyncio.sleep(0.5)
    raise ModeError("the orders processes did not come back within 60 s: make status")


async def accepting(
    mode: NativeMode,
    stage: Stage,
    binary: str,
    token: str,
    arguments: argparse.Namespace,
    report: Report,
    console: Console,
) -> None:
    """pgbench before, between and after: whether the machine kept its pace can be seen."""
    body = order_of(stage.market)
    bench = pgbench(mode, stage, binary, body)
    addresses = mode.addresses().http
    ports = {"service": port_of(addresses["orders"]), "gateway": port_of(addresses["gateway"])}
    accepted = 0

    async def database() -> None:
        console.print("pgbench …")
        done = asyncio.to_thread(bench.run, clients=arguments.connections, seconds=arguments.seconds)
        report.pgbench.append(await done)

    await database()
    before = await stage.count("orders")
    for where, port in ports.items():
        console.print(f"accepting at the {where} …")
        make = requests("/api/orders", token, json.dumps(body).encode(), name=f"{where}-{uuid.uuid4().hex}")
        warm = await closed_loop(port, make, connections=arguments.connections, seconds=WARM_UP)
        result, micros = await with_cpu(
            mode,
            stage,
            lambda port=port, make=make: closed_loop(  # type: ignore[misc]
                port, make, connections=arguments.connections, seconds=arguments.seconds
            ),
        )
        report.accepted[where], report.cpu_micros[where] = result, micros
        steady = await open_loop(port, make, rate=arguments.rate, connections=64, seconds=arguments.seconds)
        report.at_rate[where] = steady
        for each in (warm, result, steady):
            all_accepted(each, where)
            accepted += each.accepted
        stored = await stage.count("orders") - before
        if stored != accepted:
            raise StageError(f"{accepted} orders were accepted, {stored} are stored")
        await database()
        before = await stage.count("orders") - accepted


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def all_accepted(result: Result, where: str) -> None:
    if set(result.statuses) != {202}:
        raise LoadError(f"not all orders were accepted at the {where}: {dict(result.statuses)}")


async def with_cpu(
    mode: NativeMode, stage: Stage, load: Callable[[], Awaitable[Result]]
) -> tuple[Result, dict[str, int]]:
    states = {state.name: state.pid for state in mode.states() if state.pid}
    pids = {name: states[name] for name in ("gateway", "postgres") if name in states} | {"orders": stage.pid}
    # orders is a child of this process: its time must not be counted twice
    before = cpu.seconds(pids) | {"the client": time.process_time()}
    result = await load()
    after = cpu.seconds(pids) | {"the client": time.process_time()}
    return result, cpu.micros_each(before, after, result.accepted)


def array(values: Iterable[object]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def order_of(market: dict[str, Any]) -> dict[str, Any]:
    """Three lines from three stalls."""
    products = [
        seller["products"][0] | {"currency": market["currency"]} for seller in market["sellers"][:LINES]
    ]
    return order_body([(product, number + 1) for number, product in enumerate(products)])


def pgbench(mode: NativeMode, stage: Stage, binary: str, body: dict[str, Any]) -> Pgbench:
    names = {
        2: "subject", 3: "route", 5: "body_hash", 6: "products", 7: "quantities", 8: "total", 9: "currency",
        10: "address", 11: "token", 12: "deadline", 13: "traceparent", 14: "envelope",
    }  # fmt: skip
    file = (
        Path(mode.translator.environment(mode.compose.processes["orders"])["BAZAAR_STATE"])
        / "bench-place-order.sql"
    )
    file.write_text(pace.script((ROOT / pace.STATEMENT).read_text(encoding="utf-8"), names), encoding="utf-8")
    envelope = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "data": {"order_id": str(uuid.uuid4()), "lines": []},
    }
    values = {
        "subject": str(uuid.uuid4()),
        "route": "POST /api/orders",
        "body_hash": "\\x" + "ab" * 32,
        "products": array(line["product_id"] for line in body["lines"]),
        "quantities": array(line["quantity"] for line in body["lines"]),
        "total": str(body["expected_total_minor"]),
        "currency": body["currency"],
        "address": json.dumps(body["delivery_address"]),
        "token": body["payment_token"],
        "deadline": "60",
        "traceparent": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01",
        "envelope": json.dumps(envelope),
    }
    return Pgbench(binary, stage.address, stage.database, stage.password, file, values)


if __name__ == "__main__":
    sys.exit(main())

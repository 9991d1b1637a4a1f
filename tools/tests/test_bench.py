"""The benchmark's own arithmetic, and its load generator against a small real server."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tools.bench import cpu, pace
from tools.bench.completing import SPARE, TRANSITIONS, Completing, on_sale, plenty
from tools.bench.http_load import LOCAL, Result, closed_loop, open_loop, requests
from tools.bench.pace import STATEMENT, Pace, PaceError, measured, script
from tools.bench.report import Report, as_markdown, versions, write
from tools.records import Stock

ROOT = Path(__file__).resolve().parents[2]
NAMES = {number: f"value{number}" for number in range(1, 17)}


# --- pgbench --------------------------------------------------------------------------------------


def test_the_statement_becomes_one_line_with_variables() -> None:
    statement = "-- $1 is the id\nselect $2::text, -- the name\n  $12::float8;\n"
    assert script(statement, {2: "name", 12: "deadline"}) == "select :name::text, :deadline::float8;\n"


def test_what_must_be_fresh_is_made_by_the_server() -> None:
    assert script("select $1::uuid, $4::text", {}) == (
        "select gen_random_uuid()::uuid, ('bench-' || gen_random_uuid())::text;\n"
    )


def test_the_service_s_own_statement_is_used_whole() -> None:
    made = script((ROOT / STATEMENT).read_text(encoding="utf-8"), NAMES)
    assert "$" not in made
    assert "--" not in made
    assert made.count("\n") == 1
    assert made.count("pg_notify") == 2
    used = set(NAMES) - set(pace.FRESH) - set(pace.ABSENT)
    assert all(f":value{number}::" in made for number in used)
    assert "null::uuid, null::bigint" in made


def test_pgbench_s_words_are_read() -> None:
    out = "latency average = 8.123 ms\ntps = 1969.715443 (without initial connection time)\n"
    assert measured(out, "", 0) == Pace(1969.715443, 8.123)


@pytest.mark.parametrize(
    ("status", "err"), [(1, "error: connection refused"), (0, "client 3 aborted in command 0")]
)
def test_a_pgbench_that_failed_is_no_measurement(status: int, err: str) -> None:
    with pytest.raises(PaceError):
        measured("latency average = 1 ms\ntps = 12.0\n", err, status)


def test_a_missing_pgbench_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pace, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PaceError, match=r"^pgbench is missing.*apt-get install"):
        pace.find_pgbench()


# --- CPU time -------------------------------------------------------------------------------------


def test_a_stat_line_is_read_whatever_the_name() -> None:
    line = "42 (a (very) odd) name) S 7 42 42 0 -1 4194560 9 8 0 0 100 20 3 4 20 0 1 0 5 0 0"
    assert cpu.parse(line) == cpu.Stat(parent=7, ticks=120, reaped=7)


def test_a_process_is_counted_with_all_below_it() -> None:
    stats = {1: cpu.Stat(0, 100, 0), 2: cpu.Stat(1, 50, 10), 3: cpu.Stat(2, 40, 0), 9: cpu.Stat(0, 7, 0)}
    assert cpu.seconds({"one": 1, "nine": 9, "gone": 77}, stats) == {
        "one": 200 / cpu.TICKS,
        "nine": 7 / cpu.TICKS,
        "gone": 0,
    }


def test_micros_are_an_order_s_share() -> None:
    assert cpu.micros_each({"orders": 1.0, "ended": 1.0}, {"orders": 1.5, "new": 2.0}, 1000) == {
        "orders": 500
    }
    assert cpu.micros_each({"orders": 1.0}, {"orders": 2.0}, 0) == {}


# --- load -----------------------------------------------------------------------------------------


class Server:
    """Accepts orders; remembers keys and addresses; stalls once if told to."""

    def __init__(self, stall: float = 0) -> None:
        self.keys: list[str] = []
        self.addresses: set[str] = set()
        self.stall = stall
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.addresses.add(writer.get_extra_info("peername")[0])
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2])
                await reader.readexactly(int(fields["Content-Length"]))
                self.keys.append(fields["Idempotency-Key"])
                if self.stall:
                    stall, self.stall = self.stall, 0
                    with suppress(TimeoutError):
                        await asyncio.wait_for(asyncio.Event().wait(), stall)
                writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}")
        except asyncio.IncompleteReadError:
            writer.close()


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Server]:
    async with await asyncio.start_server(server.serve, LOCAL, 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server


async def test_the_closed_loop_keeps_all_connections_busy_from_addresses_of_their_own() -> None:
    async with serving(Server()) as server:
        result = await closed_loop(server.port, make(), connections=4, seconds=0.2)
    assert set(result.statuses) == {202}
    assert result.accepted == len(server.keys) == len(set(server.keys)) == len(result.latencies)
    assert len(server.addresses) == 4
    assert result.seconds >= 0.2


async def test_the_open_loop_sends_all_that_is_due() -> None:
    async with serving(Server()) as server:
        result = await open_loop(server.port, make(), rate=200, connections=4, seconds=0.25)
    assert result.accepted == len(server.keys) == 50


async def test_a_stall_counts_for_those_who_had_to_wait() -> None:
    """One connection, one stall of 0.2 s: the requests due meanwhile waited, too."""
    async with serving(Server(stall=0.2)) as server:
        result = await open_loop(server.port, make(), rate=100, connections=1, seconds=0.2)
    assert result.accepted == 20
    assert sum(latency > 0.05 for latency in result.latencies) >= 10


def make() -> Any:
    return requests("/api/orders", "token", b"{}", name="test")


def test_percentiles() -> None:
    result = Result(2.0, Counter({202: 100, 429: 5}), [each / 1000 for each in range(100)])
    assert (result.percentile(0.5), result.percentile(0.99)) == (0.05, 0.099)
    assert result.per_second == 50
    assert math.isnan(Result(1.0).percentile(0.5))


# --- completion and report ------------------------------------------------------------------------


def test_the_worker_s_own_count_of_completed_orders_is_read() -> None:
    metrics = (
        'saga_transitions_total{from_state="booking",to_state="completed"} 12.0\n'
        'saga_transitions_total{from_state="booking",to_state="withdrawing"} 3.0\n'
        'saga_transitions_created{from_state="booking",to_state="completed"} 1.7e+09\n'
    )
    assert TRANSITIONS.findall(metrics) == [("completed", "12.0"), ("withdrawing", "3.0")]


def test_no_more_is_bought_than_is_in_stock() -> None:
    products = [{"id": "p-1"}, {"id": "p-2"}, {"id": "p-unknown"}]
    stock = {"p-1": Stock("p-1", SPARE + 2, 0, 0, 0, 0), "p-2": Stock("p-2", SPARE + 4, 3, 0, 0, 0)}
    assert [product["id"] for product in plenty(products, stock)] == ["p-1", "p-2", "p-1"]


async def test_products_have_the_prices_that_the_catalog_tells_page_by_page() -> None:
    pages = {
        "/api/catalog/products?limit=100": page([{"id": "p-1", "price_minor": 900}], "second"),
        "/api/catalog/products?limit=100&cursor=second": page([{"id": "p-2", "price_minor": 40}], None),
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        body = json.dumps(pages[path]).encode()
        head = f"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    async with await asyncio.start_server(answer, LOCAL, 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        found = await on_sale(f"http://{LOCAL}:{port}")
    assert [(each["id"], each["price_minor"]) for each in found] == [("p-1", 900), ("p-2", 40)]


def page(items: list[dict[str, Any]], next_cursor: str | None) -> dict[str, Any]:
    return {"items": items, "next_cursor": next_cursor}


def test_versions_are_those_of_the_lock_file() -> None:
    lock = "fastapi==0.165.0 \\\n    --hash=sha256:0\nasyncpg==0.32.0\nfastapi-other==9\n"
    assert versions(lock) == {"fastapi": "0.165.0", "asyncpg": "0.32.0"}


@pytest.fixture
def report() -> Report:
    made = Report(16, 3, 100, {"server_version": "17.5", "fsync": "on"})
    made.pgbench = [Pace(1900, 8), Pace(2100, 8)]
    for where, count in (("service", 1300), ("gateway", 900)):
        made.accepted[where] = Result(1.0, Counter({202: count}), [0.01] * count)
        made.at_rate[where] = Result(1.0, Counter({202: 100}), [0.004] * 100)
        made.cpu_micros[where] = {"orders": 700, "postgres": 300}
    made.completing = Completing(300, 10.0, 40, {"orders-saga": 9000}, 280)
    return made


def test_ratios_are_to_the_mean_of_all_pgbench_runs(report: Report) -> None:
    made = report.as_json()
    assert made["pgbench"] == {"per_second": 2000, "runs": [1900, 2100]}
    assert made["accepted"]["service"]["ratio_to_pgbench"] == 0.65
    assert made["accepted"]["gateway"]["per_second"] == 900
    assert made["completed"]["per_second"] == 30.0
    assert made["completed"]["ratio_to_pgbench"] == 0.015


def test_the_report_is_written_twice(report: Report, tmp_path: Path) -> None:
    made = report.as_json()
    write(made, tmp_path / "benchmarks")
    assert json.loads((tmp_path / "benchmarks/checkout.json").read_text(encoding="utf-8")) == made
    text = (tmp_path / "benchmarks/checkout.md").read_text(encoding="utf-8")
    assert "| accepted at the service | 1300 | **0.65** | 10.0 ms | 10.0 ms |" in text
    assert "- postgresql: server_version 17.5, fsync on" in text
    assert "| completed | orders-saga | 9,000 |" in text


def test_a_machine_that_was_not_quiet_is_said(report: Report) -> None:
    assert "not quiet" not in as_markdown(report.as_json())
    report.pgbench = [Pace(400, 8), Pace(800, 8)]
    assert "pgbench alone reached 400 to 800 a second" in as_markdown(report.as_json())


def test_a_report_without_a_backlog_is_whole(report: Report) -> None:
    report.completing = None
    assert "open at any time" not in as_markdown(report.as_json())

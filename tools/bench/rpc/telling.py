"""What the RPC benchmark found, as JSON for programs and as Markdown for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tools.bench.report import condition_lines, disturbance, machine, pinned
from tools.bench.rpc.pairs import IN_FLIGHT, Figures, Pair
from tools.bench.rpc.window import PREFETCH

VERSIONS = {
    "fulfillment": ("nameko", "kombu", "amqp", "eventlet"),
    "orders": ("aio-pika", "aiormq"),
}
Found = Mapping[Pair, Mapping[int, Figures]]
QUEUES = {
    "classic": "On classic queues: Nameko as it comes",
    "quorum": "On quorum queues: as the market runs it",
}


def as_json(found: Found, broker: str, *, seconds: float, rounds: int) -> dict[str, Any]:
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "conditions": {
            **machine(),
            "broker": broker,
            "measured": f"{rounds} × {seconds:g} s each, after a warm-up, all on this machine",
            "servers": f"1 process each, prefetch {PREFETCH}, Nameko with {PREFETCH} workers",
            "guarantees": "publishes confirmed and requests acknowledged after the answer, in all; "
            "messages persistent, but orders' client lets its requests expire instead",
            "versions": {
                name: version for lock in VERSIONS for name, version in pinned(lock, VERSIONS[lock])
            },
        },
        "pairs": [
            {
                "pair": pair.name,
                "queue": pair.queue_type,
                "yardstick": pair.raw or None,
                "in_flight": {
                    str(in_flight): figures_of(by_number[in_flight], yardsticks(found, pair, in_flight))
                    for in_flight in IN_FLIGHT
                },
            }
            for pair, by_number in found.items()
        ],
    }


def yardsticks(found: Found, pair: Pair, in_flight: int) -> dict[str, float]:
    """The calls a second of the bare exchanges on the same kind of queue."""
    return {
        other.raw: by_number[in_flight].per_second
        for other, by_number in found.items()
        if other.raw and other.queue_type == pair.queue_type
    }


def figures_of(figures: Figures, raw: Mapping[str, float]) -> dict[str, Any]:
    return {
        "calls_per_second": round(figures.per_second),
        "runs": [round(each) for each in figures.runs],
        "ratio_to": {name: round(figures.per_second / pace, 2) for name, pace in raw.items()},
        "p50_ms": round(figures.percentile_ms(0.5), 1),
        "p99_ms": round(figures.percentile_ms(0.99), 1),
        "cpu_micros_a_call": figures.cpu_micros,
    }


def as_markdown(report: dict[str, Any]) -> str:
    lines = [
        "# RPC over RabbitMQ, measured",
        "",
        "Made by `make bench-rpc`; the same figures for programs are in [rpc.json](rpc.json).",
        f"Measured at {report['measured_at']}. Read the ratios: another machine has other figures.",
        "",
        "Each call carries an order of three lines and gets it back. The bare exchanges do just that, with",
        "the same guarantees, and nothing else: what a ratio is short of 1 is what the framework costs. CPU",
        "time is a call's; the caller's and the server's together are compared with kombu's, and vary less",
        "when others are at work. What is compared and why:",
        "[ADR 0084](../adr/0084-what-the-rpc-benchmark-compares.md).",
        "",
    ]
    for queue, title in QUEUES.items():
        for in_flight in IN_FLIGHT:
            lines += table(report, queue, f"{title}, {calls(in_flight)}", str(in_flight))
    lines += disturbance(*least_steady(report["pairs"]))
    return "\n".join([*lines, *condition_lines(report["conditions"])])


def least_steady(pairs: list[dict[str, Any]]) -> tuple[list[int], str]:
    """Of the bare exchanges the one whose rounds differ most, and its name."""
    rounds = [
        (figures["runs"], f"{pair['pair']} ({pair['queue']}, {in_flight} in flight)")
        for pair in pairs
        if pair["yardstick"]
        for in_flight, figures in pair["in_flight"].items()
    ]
    return max(rounds, key=lambda each: max(each[0]) / min(each[0]))


def calls(in_flight: int) -> str:
    return "one call after the other" if in_flight == 1 else f"{in_flight} in flight"


def table(report: dict[str, Any], queue: str, title: str, in_flight: str) -> list[str]:
    lines = [
        f"## {title}",
        "",
        "| | calls/s | of kombu | of aio-pika | p50 | p99 | caller µs | server µs | of kombu | RabbitMQ µs |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows = [each for each in report["pairs"] if each["queue"] == queue]
    [kombu] = [ours(row["in_flight"][in_flight]) for row in rows if row["yardstick"] == "kombu"]
    for pair in rows:
        figures = pair["in_flight"][in_flight]
        ratios = " | ".join(emphasised(figures["ratio_to"][name], pair) for name in ("kombu", "aio-pika"))
        used = figures["cpu_micros_a_call"]
        micros = f"{used['caller']:,} | {used['server']:,} | {emphasised(ours(figures) / kombu, pair)}"
        broker = f"{used['broker']:,}" if "broker" in used else ""
        lines.append(
            f"| {pair['pair']} | {figures['calls_per_second']:,} | {ratios} "
            f"| {figures['p50_ms']} ms | {figures['p99_ms']} ms | {micros} | {broker} |"
        )
    return [*lines, ""]


def ours(figures: Mapping[str, Any]) -> int:
    """The CPU time of a call that is not RabbitMQ's."""
    used = figures["cpu_micros_a_call"]
    return int(used["caller"] + used["server"])


def emphasised(ratio: float, pair: Mapping[str, Any]) -> str:
    return f"{ratio:.2f}" if pair["yardstick"] else f"**{ratio:.2f}**"

"""What was measured of clickstream, as JSON for programs and as Markdown for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tools.bench.clickstream_stage import RawRun
from tools.bench.http_load import Result
from tools.bench.report import condition_lines, disturbance, machine, milliseconds, pinned

ON_THE_WAY = ("falcon", "msgspec", "uvicorn", "uvloop", "httptools", "aiokafka")


@dataclass
class Size:
    """Of batches with so many events each."""

    events: int
    raw: list[RawRun] = field(default_factory=list)
    accepted: Result | None = None
    at_rate: Result | None = None
    cpu_micros: dict[str, float] = field(default_factory=dict)  # an event

    @property
    def pace(self) -> float:
        return sum(run.per_second for run in self.raw) / len(self.raw)

    def as_json(self) -> dict[str, Any]:
        if self.accepted is None or self.at_rate is None:
            raise ValueError("nothing is measured yet")
        per_second = self.accepted.per_second * self.events
        return {
            "events_a_batch": self.events,
            "raw": {
                "events_per_second": round(self.pace),
                "runs": [round(run.per_second) for run in self.raw],
                "cpu_micros_an_event": round(sum(run.cpu_micros for run in self.raw) / len(self.raw), 1),
            },
            "accepted": {
                "events_per_second": round(per_second),
                "batches_per_second": round(self.accepted.per_second),
                "ratio_to_raw": round(per_second / self.pace, 2),
                "cpu_micros_an_event": {name: round(used, 1) for name, used in self.cpu_micros.items()},
                **milliseconds(self.accepted),
            },
            "at_a_fixed_rate": milliseconds(self.at_rate),
        }


@dataclass
class ClickstreamReport:
    connections: int
    rate: float
    kafka: str
    stored: int = 0
    sizes: list[Size] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "conditions": {
                **machine(),
                "kafka": self.kafka,
                "clickstream": "1 process of uvicorn",
                "bare producer": "1 process, as many senders as the service has connections",
                "connections": self.connections,
                "producers": "acks of all, idempotent, the service's linger and batch size",
                "client": "asyncio, on the same machine and the same cores; its CPU time is shown",
                "versions": dict(pinned("clickstream", ON_THE_WAY)),
            },
            "fixed_rate_batches_per_second": self.rate,
            "events_sent_and_stored": self.stored,
            "sizes": [size.as_json() for size in self.sizes],
        }


def as_markdown(report: dict[str, Any]) -> str:
    steady = f"p50 at {report['fixed_rate_batches_per_second']:.0f} batches/s"
    lines = [
        "# Clickstream, measured",
        "",
        "Made by `make bench-clickstream`; the same figures for programs are in",
        f"[clickstream.json](clickstream.json). Measured at {report['measured_at']}.",
        "Read the ratios: another machine has other figures.",
        "",
        "Events a second that Kafka has acknowledged: of a bare aiokafka producer, and of clickstream over",
        "HTTP, which also decodes, judges, limits and encodes them. What was answered with 202 was counted",
        f"on the topic afterwards: {report['events_sent_and_stored']:,} events, none missing and none twice.",
        "",
        f"| events a batch | bare producer | clickstream | ratio | batches/s | p50 | p99 | {steady} | p99 |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for size in report["sizes"]:
        accepted, arriving = size["accepted"], size["at_a_fixed_rate"]
        lines.append(
            f"| {size['events_a_batch']} | {size['raw']['events_per_second']:,} "
            f"| {accepted['events_per_second']:,} | **{accepted['ratio_to_raw']:.2f}** "
            f"| {accepted['batches_per_second']:,} "
            f"| {accepted['p50_ms']:.1f} ms | {accepted['p99_ms']:.1f} ms "
            f"| {arriving['p50_ms']:.1f} ms | {arriving['p99_ms']:.1f} ms |"
        )
    lines.append("")
    for size in report["sizes"]:
        lines += disturbance(
            size["raw"]["runs"], f"the bare producer, {size['events_a_batch']} events a batch,"
        )
    return "\n".join([*lines, *cpu_lines(report), *condition_lines(report["conditions"])])


def cpu_lines(report: dict[str, Any]) -> list[str]:
    lines = ["## CPU time for one event", "", "| events a batch | process | µs |", "|---:|---|---:|"]
    for size in report["sizes"]:
        events = size["events_a_batch"]
        lines.append(f"| {events} | bare producer | {size['raw']['cpu_micros_an_event']:,.1f} |")
        lines += [
            f"| {events} | {name} | {used:,.1f} |"
            for name, used in size["accepted"]["cpu_micros_an_event"].items()
        ]
    return [*lines, ""]

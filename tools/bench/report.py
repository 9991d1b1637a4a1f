"""What was measured, with its conditions, as JSON for programs and as Markdown for people."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.bench.completing import Completing
from tools.bench.http_load import Result
from tools.bench.pace import Pace

GOAL = 0.60
QUIET = 1.2  # the fastest of pgbench's runs against the slowest
ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "benchmarks"
ON_THE_WAY = ("uvicorn", "uvloop", "httptools", "fastapi", "pydantic", "pyjwt", "asyncpg")
WHERE = {"service": "at the service", "gateway": "through the gateway"}


@dataclass
class Report:
    connections: int
    lines: int
    rate: float
    postgres: dict[str, str]
    pgbench: list[Pace] = field(default_factory=list)
    accepted: dict[str, Result] = field(default_factory=dict)
    at_rate: dict[str, Result] = field(default_factory=dict)
    cpu_micros: dict[str, dict[str, int]] = field(default_factory=dict)
    completing: Completing | None = None

    @property
    def pace(self) -> float:
        return sum(each.per_second for each in self.pgbench) / len(self.pgbench)

    def as_json(self) -> dict[str, Any]:
        return {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "conditions": self.conditions(),
            "goal_ratio_at_the_service": GOAL,
            "pgbench": {
                "per_second": round(self.pace),
                "runs": [round(each.per_second) for each in self.pgbench],
            },
            "accepted": {
                where: {
                    "per_second": round(result.per_second),
                    "ratio_to_pgbench": round(result.per_second / self.pace, 2),
                    "cpu_micros_an_order": self.cpu_micros[where],
                    **milliseconds(result),
                }
                for where, result in self.accepted.items()
            },
            "at_a_fixed_rate": {
                where: {"per_second": self.rate, **milliseconds(result)}
                for where, result in self.at_rate.items()
            },
            "completed": self.completed(),
        }

    def completed(self) -> dict[str, Any] | None:
        if self.completing is None:
            return None
        return {
            "per_second": round(self.completing.per_second, 1),
            "ratio_to_pgbench": round(self.completing.per_second / self.pace, 3),
            "orders": self.completing.orders,
            "backlog": self.completing.backlog,
            "cpu_micros_an_order": self.completing.cpu_micros,
            "given_back": self.completing.given_back,
        }

    def conditions(self) -> dict[str, Any]:
        return {
            **machine(),
            "postgresql": self.postgres,
            "connections": self.connections,
            "lines an order": self.lines,
            "orders": "1 process of uvicorn, 16 connections, the worker and the relay stopped",
            "client": "asyncio, on the same machine and the same cores; its CPU time is shown",
            "versions": dict(pinned("orders", ON_THE_WAY)),
        }


def milliseconds(result: Result) -> dict[str, float]:
    return {
        "p50_ms": round(result.percentile(0.5) * 1000, 1),
        "p99_ms": round(result.percentile(0.99) * 1000, 1),
    }


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def machine() -> dict[str, Any]:
    """The conditions that every benchmark has."""
    return {
        "machine": f"{os.cpu_count()} × {processor()}",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "load of the machine, last 5 minutes": round(os.getloadavg()[1], 1),
        # said where it was run ahead of others, or behind them
        **({"priority": f"nice {level}"} if (level := os.nice(0)) else {}),
    }


def pinned(service: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Of those packages that the service's lock file has, the versions in it."""
    lock = (ROOT / "services" / service / "requirements.txt").read_text(encoding="utf-8")
    yield from versions(lock, names).items()


def versions(lock: str, names: Iterable[str] = ON_THE_WAY) -> dict[str, str]:
    found = dict(re.findall(r"^([\w-]+)==([\w.]+)", lock, flags=re.MULTILINE))
    return {name: found[name] for name in names if name in found}


def as_markdown(report: dict[str, Any]) -> str:
    lines = [
        "# The checkout, measured",
        "",
        "Made by `make bench-checkout`; the same figures for programs are in [checkout.json](checkout.json).",
        f"Measured at {report['measured_at']}. Read the ratios: another machine has other figures.",
        "",
        "| | orders a second | of pgbench | p50 | p99 |",
        "|---|---:|---:|---:|---:|",
        f"| pgbench, the same statement with its NOTIFYs | {report['pgbench']['per_second']} | 1 | | |",
    ]
    for where, figures in report["accepted"].items():
        lines.append(
            f"| accepted {WHERE[where]} | {figures['per_second']} | **{figures['ratio_to_pgbench']:.2f}** "
            f"| {figures['p50_ms']} ms | {figures['p99_ms']} ms |"
        )
    for where, figures in report["at_a_fixed_rate"].items():
        lines.append(
            f"| {WHERE[where]}, arriving at a fixed rate | {figures['per_second']:.0f} | "
            f"| {figures['p50_ms']} ms | {figures['p99_ms']} ms |"
        )
    if done := report["completed"]:
        what = f"completed, {done['backlog']} open at any time"
        lines.append(f"| {what} | {done['per_second']} | {done['ratio_to_pgbench']} | | |")
    goal = report["goal_ratio_at_the_service"]
    lines += ["", f"The goal is {goal:.2f} accepted at the service. It is a goal, not a gate.", ""]
    lines += disturbance(report["pgbench"]["runs"])
    return "\n".join([*lines, *cpu_lines(report), *condition_lines(report["conditions"])])


def disturbance(runs: list[int], yardstick: str = "pgbench") -> list[str]:
    """The yardstick did the same each time: what its runs differ by, others have taken."""
    if max(runs) <= QUIET * min(runs):
        return []
    words = f"{yardstick} alone reached {min(runs)} to {max(runs)} a second in this run"
    return [
        f"**The machine was not quiet**: {words}. Others were at work on it; measure again when it rests.",
        "",
    ]


def cpu_lines(report: dict[str, Any]) -> list[str]:
    lines = ["## CPU time for one order", "", "| | process | µs |", "|---|---|---:|"]
    parts = {
        f"accepted {WHERE[where]}": each["cpu_micros_an_order"] for where, each in report["accepted"].items()
    }
    if report["completed"]:
        parts["completed"] = report["completed"]["cpu_micros_an_order"]
    for part, micros in parts.items():
        for process, used in sorted(micros.items(), key=lambda item: -item[1]):
            if used >= 1:
                lines.append(f"| {part} | {process} | {used:,} |")
    return [*lines, ""]


def condition_lines(conditions: dict[str, Any]) -> list[str]:
    lines = ["## Conditions", ""]
    for name, value in conditions.items():
        text = (
            ", ".join(f"{key} {each}" for key, each in value.items())
            if isinstance(value, dict)
            else str(value)
        )
        lines.append(f"- {name}: {text}")
    return [*lines, ""]


def write(report: dict[str, Any], folder: Path) -> None:
    save(report, as_markdown(report), folder, "checkout")


def save(report: Mapping[str, Any], markdown: str, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(markdown, encoding="utf-8")

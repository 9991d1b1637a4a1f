"""What `make bench-chat` measured, as JSON for programs and as Markdown for people."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.bench.chat_crowd import Load
from tools.bench.report import condition_lines, processor

NAMES = {
    "go": "gorilla/websocket, Go",
    "tornado": "bare Tornado",
    "chat": "chat (Tornado, PostgreSQL, Redis)",
    "go_again": "gorilla/websocket once more",
}
SHAPES = {"conversations": "in conversations", "hall": "in one conversation of all"}
ON_THE_WAY = ("tornado", "uvloop", "sqlalchemy", "asyncpg", "redis", "pyjwt", "msgspec")
QUIET = 1.25  # Go's second run against its first


@dataclass(frozen=True)
class Stretch:
    load: Load
    readers: int  # of one message
    cpu_micros: Mapping[str, int]  # for a delivered message, by process
    server: str = "server"

    def as_json(self) -> dict[str, Any]:
        load = self.load
        return {
            "messages_a_second": load.rate,
            "readers_of_a_message": self.readers,
            "messages": sum(load.sent.values()),
            "deliveries_expected": load.expected,
            "delivered": load.delivered,
            "lost": load.lost,
            "twice": load.again,
            "out_of_order": load.gaps,
            "refused": dict(load.refused),
            "closed": {str(code): count for code, count in load.closed.items()},
            "other_frames": load.others,
            "cpu_micros_a_delivery": self.cpu_micros[self.server],
            "cpu_micros_beside": {
                name: micros for name, micros in self.cpu_micros.items() if name != self.server
            },
            "p50_ms": round(load.percentile_ms(0.5), 2),
            "p99_ms": round(load.percentile_ms(0.99), 2),
        }


@dataclass
class Run:
    """One server's figures."""

    sockets: int
    kib: float  # of memory, for a socket
    connect_micros: int
    connect_seconds: float
    idle_share: float  # of a processor, while nobody says anything
    stretches: dict[str, Stretch] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "sockets": self.sockets,
            "kib_a_socket": round(self.kib, 1),
            "cpu_micros_a_connect": self.connect_micros,
            "connected_in_s": round(self.connect_seconds, 1),
            "processor_while_silent": round(self.idle_share, 3),
            **{shape: stretch.as_json() for shape, stretch in self.stretches.items()},
        }


def as_json(runs: Mapping[str, Run], conditions: Mapping[str, Any]) -> dict[str, Any]:
    measured = {name: run.as_json() for name, run in runs.items()}
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "conditions": dict(conditions),
        "runs": measured,
        "ratios_to_go": {
            name: ratios(each, measured["go"]) for name, each in measured.items() if name != "go"
        },
    }


def ratios(run: Mapping[str, Any], go: Mapping[str, Any]) -> dict[str, float]:
    """Of memory and time, to Go's first run; below 1 is less than Go's."""
    found = {"kib_a_socket": ratio(run["kib_a_socket"], go["kib_a_socket"])}
    for shape in SHAPES:
        if shape in run and shape in go:
            key = "cpu_micros_a_delivery"
            found[f"{shape}.{key}"] = ratio(run[shape][key], go[shape][key])
    return found


def ratio(one: float, other: float) -> float:
    return round(one / other, 2) if other else float("nan")


def conditions(load: float, lock: Path, given: Mapping[str, Any], go: Mapping[str, str]) -> dict[str, Any]:
    """`load` is the machine's before the measurement began."""
    return {
        "machine": f"{os.cpu_count()} × {processor()}",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "load of the machine before, last minute": round(load, 1),
        **given,
        "servers": "one process each, GOMAXPROCS=1 for Go; each client has a queue of 256 frames at most",
        "clients": "asyncio, on the same machine and the same cores; their CPU time is in chat.json",
        "memory": "what the server's process grew by (PSS); the kernel's buffers are not in it",
        "latency": "from the moment a message was due to its arrival at each reader",
        "versions": {**versions(lock.read_text(encoding="utf-8")), **go},
    }


def versions(lock: str) -> dict[str, str]:
    pinned = dict(re.findall(r"^([\w-]+)==([\w.]+)", lock, flags=re.MULTILINE))
    return {name: pinned[name] for name in ON_THE_WAY if name in pinned}


# --- Markdown -------------------------------------------------------------------------------------


def as_markdown(report: Mapping[str, Any]) -> str:
    runs = report["runs"]
    sockets = runs["go"]["sockets"]
    lines = [
        "# Chat, measured",
        "",
        "Made by `make bench-chat`; the same figures for programs are in [chat.json](chat.json).",
        f"Measured at {report['measured_at']}, {sockets:,} sockets at one server after the other.",
        "Read the ratios: another machine has other figures.",
        "",
        "| a socket | KiB | of Go | CPU-µs to connect | a processor while all are silent |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, run in runs.items():
        memory = of_go(report, name, "kib_a_socket")
        lines.append(
            f"| {NAMES[name]} | {run['kib_a_socket']} | {memory} | {run['cpu_micros_a_connect']:,} "
            f"| {run['processor_while_silent']:.0%} |"
        )
    lines += ["", *disturbance(runs), *reading()]
    for shape, words in SHAPES.items():
        lines += shape_lines(report, shape, words)
    return "\n".join([*lines, *beside(runs), *condition_lines(report["conditions"])])


def reading() -> list[str]:
    return [
        "Go and the bare Tornado pass a message on and forget it. Chat knows who may read and write, gives",
        "the message its number and stores it in a transaction before anybody sees it, and tells both sides",
        "how much is unread; a message's readers share the cost of that. The bare Tornado has chat's frames",
        "and queues and nothing else: it shows what of chat's time the framework takes. What a server does",
        "while all are silent (pings, in chat also polling and presence) is in its time for messages, too.",
        "",
    ]


def shape_lines(report: Mapping[str, Any], shape: str, words: str) -> list[str]:
    runs = {name: run[shape] for name, run in report["runs"].items() if shape in run}
    if not runs:
        return []
    first = next(iter(runs.values()))
    rate, readers = first["messages_a_second"], first["readers_of_a_message"]
    lines = [
        f"## Messages {words}: {rate:g} a second, {readers:,} readers each",
        "",
        "| | delivered | lost | twice | CPU-µs a delivered message | of Go | p50 | p99 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, run in runs.items():
        micros = of_go(report, name, f"{shape}.cpu_micros_a_delivery")
        lines.append(
            f"| {NAMES[name]} | {run['delivered']:,} | **{run['lost']}** | {run['twice']} "
            f"| {run['cpu_micros_a_delivery']} | {micros} | {run['p50_ms']:.1f} ms | {run['p99_ms']:.1f} ms |"
        )
    return [*lines, ""]


def of_go(report: Mapping[str, Any], name: str, key: str) -> str:
    if name == "go":
        return "1"
    return f"**{report['ratios_to_go'][name][key]:.2f}**"


def disturbance(runs: Mapping[str, Any]) -> list[str]:
    """Go did the same twice: what its runs differ by, others have taken."""
    if "go_again" not in runs:
        return []
    key = "cpu_micros_a_delivery"
    pairs = [
        (runs["go"][shape][key], runs["go_again"][shape][key]) for shape in SHAPES if shape in runs["go"]
    ]
    if all(max(pair) <= QUIET * max(1, min(pair)) for pair in pairs):
        return []
    words = ", ".join(f"{one} and {other} µs" for one, other in pairs)
    return [
        f"**The machine was not quiet**: Go's two runs took {words} a message. Measure again when it rests.",
        "",
    ]


def beside(runs: Mapping[str, Any]) -> list[str]:
    """What PostgreSQL and Redis took for chat."""
    lines = ["## Beside chat: CPU-µs a delivered message", "", "| | process | µs |", "|---|---|---:|"]
    for shape, words in SHAPES.items():
        for process, micros in runs.get("chat", {}).get(shape, {}).get("cpu_micros_beside", {}).items():
            lines.append(f"| {words} | {process} | {micros} |")
    return [*lines, ""] if len(lines) > 4 else []


def write(report: Mapping[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (folder / "chat.json").write_text(f"{text}\n", encoding="utf-8")
    (folder / "chat.md").write_text(as_markdown(report), encoding="utf-8")

"""What the task benchmark found, as JSON for programs and as Markdown for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tools.bench.report import condition_lines, disturbance, machine, pinned
from tools.bench.tasks.workers import CELERY, KINDS, RAW, WORKERS, YARDSTICK, Figures, Found, Worker

REST = 0.01  # seconds, of the tasks that rest
VERSIONS = ("celery", "kombu", "amqp", "billiard")


def as_json(found: Found, broker: str, *, tasks: int, rounds: int) -> dict[str, Any]:
    resting = round(tasks * KINDS["rest"])
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "conditions": {
            **machine(),
            "broker": broker,
            "measured": f"{rounds} × {tasks} tasks that do nothing, {resting} a child that rest",
            "queue": "quorum, filled before the worker starts; the first tenth is the warm-up",
            "guarantees": "publishes persistent and confirmed, tasks acknowledged when done, no results",
            "Celery": "acks_late, reject_on_worker_lost, time limits, no remote control, events as noted",
            "versions": dict(pinned("notifications", VERSIONS)),
        },
        "workers": [worker_of(worker, found) for worker in WORKERS],
        "enqueueing": {
            way: {
                "per_second": round(figures.per_second),
                "ratio_to_raw": round(figures.per_second / found.enqueued[RAW].per_second, 2),
                "cpu_micros_a_task": figures.cpu_micros,
            }
            for way, figures in found.enqueued.items()
        },
    }


def worker_of(worker: Worker, found: Found) -> dict[str, Any]:
    noop, rest = (found.done[worker, kind] for kind in ("noop", "rest"))
    return {
        "worker": worker.name,
        "way": worker.way,
        "pool": worker.pool or None,
        "concurrency": worker.concurrency,
        "prefetch": worker.prefetch,
        "events": worker.events,
        "noop": figures_of(noop, found.done[YARDSTICK, "noop"]),
        "rest": figures_of(rest, found.done[YARDSTICK, "rest"])
        | {"ratio_to_ideal": round(rest.per_second * REST / worker.concurrency, 2)},
    }


def figures_of(figures: Figures, yardstick: Figures) -> dict[str, Any]:
    return {
        "tasks_per_second": round(figures.per_second),
        "runs": [round(each) for each in figures.runs],
        "ratio_to_raw": round(figures.per_second / yardstick.per_second, 2),
        "cpu_micros_a_task": figures.cpu_micros,
    }


def as_markdown(report: dict[str, Any]) -> str:
    [yardstick] = [each for each in report["workers"] if each["worker"] == YARDSTICK.name]
    lines = [
        "# Tasks, measured",
        "",
        "Made by `make bench-tasks`; the same figures for programs are in [tasks.json](tasks.json).",
        f"Measured at {report['measured_at']}. Read the ratios: another machine has other figures.",
        "",
        "The bare worker is one process that takes a message, does what it says and acknowledges it, by",
        "kombu, Celery's own transport. What is compared and why:",
        "[ADR 0085](../adr/0085-what-the-task-benchmark-compares.md).",
        "",
        *noop_lines(report["workers"]),
        *rest_lines(report["workers"]),
        *enqueue_lines(report["enqueueing"]),
        *disturbance(yardstick["noop"]["runs"], "the bare worker"),
        *condition_lines(report["conditions"]),
    ]
    return "\n".join(lines)


def noop_lines(workers: list[dict[str, Any]]) -> list[str]:
    lines = [
        "## Tasks that do nothing: what the framework takes",
        "",
        "| | prefetch | tasks/s | of bare | worker µs | of bare | RabbitMQ µs |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    [bare] = [each["noop"] for each in workers if each["worker"] == YARDSTICK.name]
    for worker in workers:
        figures = worker["noop"]
        used, bare_used = (each["cpu_micros_a_task"]["worker"] for each in (figures, bare))
        cpu = f"{used:,} | {emphasised(used / bare_used, worker['way'])} | {broker_micros(figures)}"
        pace = f"{figures['tasks_per_second']:,} | {emphasised(figures['ratio_to_raw'], worker['way'])}"
        lines.append(f"| {named(worker)} | {worker['prefetch']} | {pace} | {cpu} |")
    return [*lines, ""]


def rest_lines(workers: list[dict[str, Any]]) -> list[str]:
    lines = [
        "## Tasks that rest for 10 ms, as those do that wait for a server",
        "",
        "| | prefetch | tasks/s | of bare | of 100 a second and child | worker µs | RabbitMQ µs |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for worker in workers:
        figures = worker["rest"]
        pace = f"{figures['tasks_per_second']:,} | {emphasised(figures['ratio_to_raw'], worker['way'])}"
        pace += f" | {figures['ratio_to_ideal']:.2f}"
        lines.append(f"| {named(worker)} | {worker['prefetch']} | {pace} | {micros(figures, 'worker')} |")
    return [*lines, ""]


def enqueue_lines(enqueueing: dict[str, Any]) -> list[str]:
    lines = [
        "## Enqueueing, one after the other",
        "",
        "| | tasks/s | of bare | producer µs | RabbitMQ µs |",
        "|---|---:|---:|---:|---:|",
    ]
    for way, name in {RAW: "bare", CELERY: "Celery"}.items():
        figures = enqueueing[way]
        ratio = emphasised(figures["ratio_to_raw"], way)
        lines.append(f"| {name} | {figures['per_second']:,} | {ratio} | {micros(figures, 'producer')} |")
    return [*lines, ""]


def named(worker: dict[str, Any]) -> str:
    return f"{worker['worker']}{', with events' if worker['events'] else ''}"


def emphasised(ratio: float, way: str) -> str:
    return f"**{ratio:.2f}**" if way == CELERY else f"{ratio:.2f}"


def micros(figures: dict[str, Any], who: str) -> str:
    return f"{figures['cpu_micros_a_task'][who]:,} | {broker_micros(figures)}"


def broker_micros(figures: dict[str, Any]) -> str:
    used = figures["cpu_micros_a_task"]
    return f"{used['broker']:,}" if "broker" in used else ""

"""Who works on the tasks in the benchmark, and one measurement of each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools.bench.broker import Broker
from tools.bench.programs import Program, measured, running

SERVICE = "notifications"
HERE = "tools.bench.tasks"
KINDS = {"noop": 1.0, "rest": 0.05}  # of the tasks, and how many of the asked-for number there are per child
RAW, CELERY = "raw", "celery"


@dataclass(frozen=True)
class Worker:
    name: str
    way: str
    concurrency: int
    prefetch: int  # in all
    pool: str = ""
    events: bool = False

    @property
    def program(self) -> Program:
        if self.way == RAW:
            return Program(SERVICE, f"{HERE}.raw")
        options = ("-P", self.pool, "-c", str(self.concurrency), "-n", "bench@%h", "-l", "ERROR")
        return Program(SERVICE, "celery", ("-q", "-A", f"{HERE}.app:app", "worker", *options))

    def settings(self, broker: Broker, queue: str) -> dict[str, str]:
        # Celery multiplies by the number of children
        return {
            "AMQP_URL": broker.url,
            "BENCH_QUEUE": queue,
            "BENCH_PREFETCH": str(self.prefetch // self.concurrency),
            "BENCH_EVENTS": "1" if self.events else "0",
        }


YARDSTICK = Worker("bare, takes 32 at once", RAW, 1, 32)
MARKET = Worker("Celery, 2 children, as notifications runs it", CELERY, 2, 2, "prefork", events=True)
WORKERS = (
    YARDSTICK,
    Worker("bare, takes one after the other", RAW, 1, 1),
    Worker("Celery, no child (solo)", CELERY, 1, 32, "solo"),
    Worker("Celery, 1 child", CELERY, 1, 32, "prefork"),
    Worker("Celery, 2 children", CELERY, 2, 32, "prefork"),
    MARKET,
)
PRODUCER = Program(SERVICE, f"{HERE}.enqueue")


@dataclass
class Figures:
    """Of one worker and kind of task, or of one way to enqueue, over all rounds."""

    count: int = 0
    seconds: float = 0.0
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    runs: list[float] = field(default_factory=list)  # a second, of each round

    def add(self, count: int, seconds: float, cpu_seconds: dict[str, float]) -> None:
        self.count += count
        self.seconds += seconds
        self.runs.append(count / seconds)
        for who, used in cpu_seconds.items():
            self.cpu_seconds[who] = self.cpu_seconds.get(who, 0.0) + used

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    @property
    def cpu_micros(self) -> dict[str, int]:
        return {who: round(used / self.count * 1e6) for who, used in self.cpu_seconds.items()}


@dataclass
class Found:
    done: dict[tuple[Worker, str], Figures] = field(default_factory=dict)
    enqueued: dict[str, Figures] = field(default_factory=dict)


def measure(worker: Worker, broker: Broker, log: Path, *, tasks: int, into: Found) -> Iterator[str]:
    """Fills a queue, then starts the worker, for each kind of task; gives a line of progress before each."""
    for kind, share in KINDS.items():
        count = round(tasks * share * (worker.concurrency if kind == "rest" else 1))
        warm_up = max(count // 10, 1)
        settings = worker.settings(broker, f"{worker.way}-{uuid.uuid4().hex[:8]}")
        yield f"{worker.name}: {count} tasks ({kind}) are enqueued …"
        words = [worker.way, kind, str(warm_up), str(count)]
        with running(PRODUCER, *words, env=settings, log=log) as producer:
            found = measured(producer, broker.pids)
        if kind == "noop" and not worker.events:
            used = {"producer": float(found.told["cpu_seconds"]), **found.cpu_seconds}
            into.enqueued.setdefault(worker.way, Figures()).add(count, float(found.told["seconds"]), used)
        yield f"{worker.name}: {count} tasks ({kind}) are done …"
        with running(worker.program, env=settings, log=log) as child:
            found = measured(child, {"worker": child.pid, **broker.pids})
        into.done.setdefault((worker, kind), Figures()).add(count, found.seconds, found.cpu_seconds)

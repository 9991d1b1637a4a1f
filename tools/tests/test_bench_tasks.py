"""The task benchmark's arithmetic, and what it tells."""

from __future__ import annotations

from typing import Any

import pytest

from tools.bench.broker import Broker
from tools.bench.tasks import telling
from tools.bench.tasks.workers import CELERY, MARKET, RAW, WORKERS, YARDSTICK, Figures, Found, Worker

BROKER = Broker("amqp://guest:guest@127.0.0.1/bench", "1", None, given=False)


def figures(*seconds: float, count: int = 100) -> Figures:
    made = Figures()
    for each in seconds:
        made.add(count, each, {"worker": 0.1, "producer": 0.05})
    return made


def found(noop: dict[Worker, Figures] | None = None, rest: dict[Worker, Figures] | None = None) -> Found:
    """Every worker did 100 tasks in a second, if nothing else is said."""
    return Found(
        done={(worker, "noop"): (noop or {}).get(worker, figures(1.0)) for worker in WORKERS}
        | {(worker, "rest"): (rest or {}).get(worker, figures(1.0)) for worker in WORKERS},
        enqueued={RAW: figures(0.5), CELERY: figures(1.0)},
    )


def report(what: Found) -> dict[str, Any]:
    return telling.as_json(what, BROKER.described, tasks=1000, rounds=2)


def of(worker: Worker, told: dict[str, Any]) -> dict[str, Any]:
    [one] = [each for each in told["workers"] if each["worker"] == worker.name]
    return dict(one)


def test_rounds_add_up() -> None:
    both = figures(1.0, 3.0)
    assert both.per_second == 50
    assert both.runs == [100, pytest.approx(33.33, abs=0.01)]
    assert both.cpu_micros == {"worker": 1000, "producer": 500}


def test_ratios_are_to_the_bare_worker_and_to_what_the_children_could_do() -> None:
    what = found(noop={YARDSTICK: figures(0.1)}, rest={YARDSTICK: figures(1.25), MARKET: figures(0.625)})
    told = of(MARKET, report(what))
    assert told["noop"]["tasks_per_second"] == 100
    assert told["noop"]["ratio_to_raw"] == 0.1
    assert told["rest"]["ratio_to_raw"] == 2.0
    assert told["rest"]["ratio_to_ideal"] == 0.8, "160 a second of 200"
    assert of(YARDSTICK, report(what))["noop"]["ratio_to_raw"] == 1.0


def test_enqueueing_is_compared_as_well() -> None:
    assert report(found())["enqueueing"] == {
        "raw": {
            "per_second": 200,
            "ratio_to_raw": 1.0,
            "cpu_micros_a_task": {"worker": 1000, "producer": 500},
        },
        "celery": {
            "per_second": 100,
            "ratio_to_raw": 0.5,
            "cpu_micros_a_task": {"worker": 1000, "producer": 500},
        },
    }


def test_every_worker_has_a_row_in_both_tables() -> None:
    text = telling.as_markdown(report(found()))
    for worker in WORKERS:
        name = f"{worker.name}, with events" if worker.events else worker.name
        rows = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
        assert [row.count("|") for row in rows] == [8, 8], worker.name
    assert f"| {MARKET.name}, with events | 2 | 100 | **1.00** | 1,000 | **1.00** |  |" in text
    assert "| Celery | 100 | **0.50** | 500 |  |" in text
    assert "not quiet" not in text


def test_a_yardstick_that_varies_is_told() -> None:
    text = telling.as_markdown(report(found(noop={YARDSTICK: figures(1.0, 2.0)})))
    assert "**The machine was not quiet**: the bare worker alone reached 50 to 100 a second" in text


def test_prefetch_is_each_child_s_for_celery() -> None:
    for worker in WORKERS:
        settings = worker.settings(BROKER, "queue")
        assert int(settings["BENCH_PREFETCH"]) * worker.concurrency == worker.prefetch
    assert MARKET.settings(BROKER, "queue") == {
        "AMQP_URL": BROKER.url,
        "BENCH_QUEUE": "queue",
        "BENCH_PREFETCH": "1",
        "BENCH_EVENTS": "1",
    }


def test_no_address_stands_in_a_command() -> None:
    for worker in WORKERS:
        assert not any("amqp" in word for word in worker.program.command())

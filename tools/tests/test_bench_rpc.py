"""The RPC benchmark's arithmetic, and its protocol with programs in other environments."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bazaar_shared.testing import eventually
from tools.bench import broker
from tools.bench.programs import ProgramError, expect, measured, said
from tools.bench.rpc import telling
from tools.bench.rpc.pairs import IN_FLIGHT, PAIRS, Figures, Pair
from tools.bench.rpc.window import ORDER, Window, check, keep_awaiting, keep_calling

# --- the window ---------------------------------------------------------------------------------------------


class Clock:
    """Each call takes one second."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def call(self) -> object:
        self.now += 1
        return ORDER


def told(capsys: pytest.CaptureFixture[str]) -> tuple[list[str], dict[str, object]]:
    *words, last = capsys.readouterr().out.splitlines()
    return words, json.loads(last)


def test_only_calls_after_the_warm_up_count(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    keep_calling(lambda: clock.call, Window(2, 3, clock), in_flight=1)
    words, report = told(capsys)
    assert words == ["begin", "end"]
    assert report["latencies_us"] == [1_000_000] * 3
    assert report["seconds"] == 3


def test_several_in_flight_wait_for_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    clock, open_, most = Clock(), 0, 0

    def start() -> Callable[[], object]:
        nonlocal open_, most
        open_ += 1
        most = max(most, open_)

        def answer() -> object:
            nonlocal open_
            open_ -= 1
            return clock.call()

        return answer

    keep_calling(start, Window(8, 3, clock), in_flight=4)
    _, report = told(capsys)
    assert most == 4
    assert open_ == 0, "all answers are taken"
    assert report["latencies_us"] == [4_000_000] * 3


async def test_awaited_calls_are_in_flight_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    running, most = 0, 0

    async def call() -> object:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return ORDER

    await keep_awaiting(call, Window(0.05, 0.1), in_flight=8)
    words, report = told(capsys)
    assert (most, running) == (8, 0)
    assert words == ["begin", "end"]
    assert len(report["latencies_us"]) >= 8  # type: ignore[arg-type]


def test_a_wrong_answer_ends_the_measurement() -> None:
    check(dict(ORDER))
    with pytest.raises(SystemExit, match="a wrong answer"):
        check({"error": "?"})


# --- programs -----------------------------------------------------------------------------------------------


@pytest.fixture
def program() -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    children = []

    def start(source: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", source, "-m", "the.program"]
        children.append(subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0))
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.communicate()


def test_cpu_time_counts_between_begin_and_end(program: Callable[[str], subprocess.Popen[bytes]]) -> None:
    burn = "import time\ndef burn(s):\n e = time.process_time() + s\n while time.process_time() < e: pass\n"
    parts = ["burn(0.5)", "print('begin', flush=True)", "burn(0.2)", "print('end', flush=True)", "burn(0.3)"]
    child = program(burn + "\n".join([*parts, "print('{\"calls\": 1}')"]))
    found = measured(child, {"it": child.pid})
    assert found.told == {"calls": 1}
    assert 0.1 <= found.cpu_seconds["it"] <= 0.4


def test_a_program_that_says_something_else_is_named(
    program: Callable[[str], subprocess.Popen[bytes]],
) -> None:
    with pytest.raises(ProgramError, match=r"the\.program said 'no' and not 'ready'"):
        expect(program("print('no')"), "ready")


def test_a_program_that_ends_or_hangs_is_named(program: Callable[[str], subprocess.Popen[bytes]]) -> None:
    with pytest.raises(ProgramError, match=r"the\.program ended with 3"):
        said(program("raise SystemExit(3)"))
    with pytest.raises(ProgramError, match=r"the\.program said nothing for 0 s"):
        said(program("import time; time.sleep(60)"), within=0.2)


def test_a_node_in_a_container_is_not_taken_for_a_process_here() -> None:
    with subprocess.Popen(
        ["sleep", "60"], env={**os.environ, "RABBITMQ_NODENAME": "test@localhost"}
    ) as child:
        # its environment can be read a moment after it has begun
        assert eventually(lambda: broker.pid_of("test@localhost", child.pid), within=10) == child.pid
        assert broker.pid_of("other@localhost", child.pid) is None
        child.kill()
    assert broker.pid_of("test@localhost", 2**22 + 1) is None


def test_an_address_without_its_management_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:1/")
    monkeypatch.delenv("TEST_RABBITMQ_MANAGEMENT_URL", raising=False)
    with (
        pytest.raises(broker.BrokerError, match="TEST_RABBITMQ_MANAGEMENT_URL must be given"),
        broker.broker(),
    ):
        pass


# --- what is told -------------------------------------------------------------------------------------------


def figures(latency: float, *runs: int) -> Figures:
    made = Figures()
    for count in runs:
        made.add(1.0, [latency] * count, {"caller": 0.1, "server": 0.2})
    return made


def all_pairs(pace: Callable[[Pair], tuple[int, ...]]) -> dict[Pair, dict[int, Figures]]:
    return {pair: {number: figures(0.002, *pace(pair)) for number in IN_FLIGHT} for pair in PAIRS}


def report_of(pace: Callable[[Pair], tuple[int, ...]]) -> dict[str, object]:
    return telling.as_json(all_pairs(pace), "RabbitMQ 1", seconds=1, rounds=2)


def test_rounds_add_up() -> None:
    both = figures(0.002, 100, 300)
    assert both.per_second == 200
    assert both.runs == [100, 300]
    assert both.cpu_micros == {"caller": 500, "server": 1000}
    assert both.percentile_ms(0.99) == 2.0


def test_ratios_are_to_the_bare_exchanges_on_the_same_kind_of_queue() -> None:
    paces = {
        ("kombu", "classic"): 400,
        ("aio-pika", "classic"): 200,
        ("kombu", "quorum"): 100,
        ("aio-pika", "quorum"): 50,
    }
    report = report_of(lambda pair: (paces.get((pair.raw, pair.queue_type), 100),))
    ratios = {
        (each["queue"], each["yardstick"]): each["in_flight"]["1"]["ratio_to"]
        for each in report["pairs"]  # type: ignore[attr-defined]
    }
    assert ratios["classic", "kombu"] == {"kombu": 1.0, "aio-pika": 2.0}
    assert ratios["classic", None] == {"kombu": 0.25, "aio-pika": 0.5}
    assert ratios["quorum", None] == {"kombu": 1.0, "aio-pika": 2.0}


def test_every_pair_has_its_row_for_each_number_in_flight() -> None:
    text = telling.as_markdown(report_of(lambda pair: (100, 100)))
    for pair in PAIRS:
        rows = [line for line in text.splitlines() if line.startswith(f"| {pair.name} |")]
        same_name = sum(other.name == pair.name for other in PAIRS)
        assert len(rows) == same_name * len(IN_FLIGHT)
        assert all(row.count("|") == 11 for row in rows)
    figures_ = "100 | **1.00** | **1.00** | 2.0 ms | 2.0 ms | 1,000 | 2,000 | **1.00** |  |"
    assert f"| orders' client → the market's @rpc | {figures_}" in text
    assert "not quiet" not in text


def test_the_least_steady_yardstick_is_told() -> None:
    runs = {("kombu", "classic"): (100, 130), ("aio-pika", "quorum"): (140, 100)}
    text = telling.as_markdown(report_of(lambda pair: runs.get((pair.raw, pair.queue_type), (100, 100))))
    told = "aio-pika ↔ aio-pika (quorum, 1 in flight) alone reached 100 to 140 a second"
    assert f"**The machine was not quiet**: {told}" in text
    assert text.count("not quiet") == 1


def test_programs_are_there() -> None:
    root = Path(__file__).resolve().parents[2]
    for program in {program for pair in PAIRS for program in (pair.server, pair.client)}:
        assert (root / f"{program.module.replace('.', '/')}.py").exists()
        assert (root / "services" / program.service / "pyproject.toml").exists()

"""The management port as probes and Prometheus see it: over a socket."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Counter

from bazaar_shared import management
from bazaar_shared.management import Check, Health, Management, async_check
from bazaar_shared.testing import eventually


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    running: list[Management] = []

    def start(**options: Any) -> str:
        running.append(Management("127.0.0.1", 0, **options))
        running[-1].start()
        return f"http://127.0.0.1:{running[-1].port}"

    yield start
    for one in running:
        one.stop()


def ready(url: str) -> tuple[int, dict[str, Any]]:
    response = httpx.get(f"{url}/health/ready")
    return response.status_code, response.json()


def test_live_and_ready_without_any_checks(serve: Callable[..., str]) -> None:
    url = serve()
    live = httpx.get(f"{url}/health/live")
    assert (live.status_code, live.json()) == (200, {"status": "ok"})
    assert live.headers["content-type"] == "application/json"
    assert live.headers["cache-control"] == "no-store"
    assert ready(url) == (200, {"status": "ok", "checks": {}})


def test_a_process_that_is_stuck_is_not_live(serve: Callable[..., str]) -> None:
    response = httpx.get(f"{serve(live=lambda: False)}/health/live")
    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})


def test_each_check_says_its_result(serve: Callable[..., str]) -> None:
    def broken() -> bool:
        raise ConnectionError("refused")

    checks: dict[str, Check] = {
        "database": lambda: True,
        "cache": lambda: "ok",
        "kafka": lambda: False,
        "broker": lambda: "not connected yet",
        "keys": broken,
    }
    assert ready(serve(ready=checks)) == (
        503,
        {
            "status": "unavailable",
            "checks": {
                "database": "ok",
                "cache": "ok",
                "kafka": "failed",
                "broker": "not connected yet",
                "keys": "ConnectionError: refused",
            },
        },
    )


def test_ready_when_all_checks_are_good(serve: Callable[..., str]) -> None:
    assert ready(serve(ready={"database": lambda: True})) == (
        200,
        {"status": "ok", "checks": {"database": "ok"}},
    )


def test_a_check_is_run_once_a_second_at_most(serve: Callable[..., str]) -> None:
    runs: list[int] = []
    url = serve(ready={"database": lambda: runs.append(1) or True})
    for _ in range(5):
        assert ready(url)[0] == 200
    assert len(runs) == 1


def test_a_check_that_hangs_is_reported_and_not_begun_again(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(management, "CHECK_TIMEOUT", 0.1)
    release, begun = threading.Event(), []

    def hangs() -> bool:
        begun.append(1)
        return release.wait(10)

    url = serve(ready={"database": hangs})
    for _ in range(3):
        assert ready(url) == (
            503,
            {"status": "unavailable", "checks": {"database": "no answer within 0.1 s"}},
        )
    assert len(begun) == 1
    assert httpx.get(f"{url}/health/live").status_code == 200
    release.set()
    eventually(lambda: ready(url)[0] == 200)


def readiness(check: str) -> float | None:
    return REGISTRY.get_sample_value("health_check_ready", {"check": check})


def test_the_probe_tells_the_metrics_how_each_check_is(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(management, "CACHE_SECONDS", 0)
    health = Health("probed", "probed-too")
    url = serve(ready=health.checks)
    health.set("probed", state=True)
    assert ready(url)[0] == 503
    assert (readiness("probed"), readiness("probed-too")) == (1, 0)
    health.set("probed", "no broker answers")
    health.set("probed-too", state=True)
    assert ready(url)[0] == 503
    assert (readiness("probed"), readiness("probed-too")) == (0, 1)


def test_a_scrape_runs_the_checks_itself(serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks /health/ready where no orchestrator runs; the alert needs the answer all the same."""
    monkeypatch.setattr(management, "CACHE_SECONDS", 0)
    health = Health("scraped")
    url = serve(ready=health.checks)
    assert 'health_check_ready{check="scraped"} 0.0\n' in httpx.get(f"{url}/metrics").text
    health.set("scraped", state=True)
    assert 'health_check_ready{check="scraped"} 1.0\n' in httpx.get(f"{url}/metrics").text


def test_a_scrape_waits_once_however_many_checks_hang(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prometheus gives up after four seconds, and then knows no more than that the target is down."""
    monkeypatch.setattr(management, "CHECK_TIMEOUT", 0.5)
    release = threading.Event()
    url = serve(ready={f"hanging-{number}": lambda: release.wait(10) for number in range(5)})
    answer = httpx.get(f"{url}/metrics")
    release.set()
    assert answer.elapsed.total_seconds() < 1
    for number in range(5):
        assert f'health_check_ready{{check="hanging-{number}"}} 0.0\n' in answer.text


def test_metrics_in_both_formats(serve: Callable[..., str]) -> None:
    registry = CollectorRegistry()
    Counter("orders_placed", "Orders placed", registry=registry).inc(3)
    url = serve(registry=registry)
    plain = httpx.get(f"{url}/metrics?x=1")
    assert plain.headers["content-type"].startswith("text/plain")
    assert "orders_placed_total 3.0\n" in plain.text
    openmetrics = httpx.get(
        f"{url}/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}
    )
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    assert openmetrics.text.endswith("# EOF\n")


def test_nothing_else_is_answered(serve: Callable[..., str]) -> None:
    url = serve()
    assert httpx.get(f"{url}/").status_code == 404
    assert httpx.post(f"{url}/health/live").status_code == 501


def test_a_caller_that_says_nothing_does_not_keep_others_waiting(serve: Callable[..., str]) -> None:
    url = serve()
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))):
        assert ready(url)[0] == 200


def test_the_port_is_free_after_the_stop() -> None:
    first = Management("127.0.0.1", 0)
    first.start()
    port = first.port
    first.stop()
    first.stop()
    second = Management("127.0.0.1", port)
    second.start()
    second.stop()


def test_a_board_shows_what_a_loop_wrote(serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    health = Health("database", "kafka", prefix="inventory.", stuck_after=60)
    health.set("database", state=True)
    assert {name: check() for name, check in health.checks.items()} == {
        "inventory.database": True,
        "inventory.kafka": "not connected yet",
    }
    now = management.monotonic()
    monkeypatch.setattr(management, "monotonic", lambda: now + 61)
    assert not health.alive()
    health.beat()
    assert health.alive()


async def test_beside_asyncio_a_check_runs_in_its_loop(serve: Callable[..., str]) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def check() -> bool:
        loops.append(asyncio.get_running_loop())
        return True

    url = serve(ready={"database": async_check(asyncio.get_running_loop(), check)})
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{url}/health/ready")).status_code == 200
    assert loops == [asyncio.get_running_loop()]


EVENTLET = """
import {before}
import eventlet
eventlet.monkey_patch()
from bazaar_shared.management import Management
from eventlet.green.urllib.request import urlopen
import json, threading, time

def slow_check():
    time.sleep(0.3)   # green: the other workers go on
    return True

turns = []
def worker():
    while True:
        turns.append(1)
        eventlet.sleep(0.01)

management = Management("127.0.0.1", 0, ready={{"database": slow_check}})
management.start()
eventlet.spawn(worker)
url = f"http://127.0.0.1:{{management.port}}"
answers = [json.load(urlopen(url + path, timeout=5)) for path in ("/health/live", "/health/ready")]
metrics = urlopen(url + "/metrics", timeout=5).read()
management.stop()
print(json.dumps({{"answers": answers, "turns": len(turns), "metrics": b"python_info" in metrics}}))
"""


@pytest.mark.parametrize("before", ["sys", "socketserver, http.server, selectors, socket, threading"])
def test_under_eventlets_monkey_patching(before: str) -> None:
    """Also when the standard library's servers were imported before the patching."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", EVENTLET.format(before=before)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert seen["answers"] == [{"status": "ok"}, {"status": "ok", "checks": {"database": "ok"}}]
    assert seen["metrics"]
    assert seen["turns"] > 10

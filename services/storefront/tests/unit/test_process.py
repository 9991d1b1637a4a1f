"""The process as it runs: its ports, its metrics, its logs, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bazaar_shared.testing import aeventually
from tests.unit.collaborators import BOWL, TEAPOT, Collaborators, order


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Process:
    def __init__(self, market: Collaborators, folder: Path) -> None:
        (folder / "key").write_text("a key for tests\n")
        self.http, self.management = free_port(), free_port()
        names = ("IDENTITY", "CATALOG", "BASKET", "ORDERS", "REVIEWS", "CHAT", "INSIGHTS")
        environment = {
            "PATH": os.environ["PATH"],
            **{f"{name}_URL": market.url for name in names},
            "COOKIE_KEY_FILE": str(folder / "key"),
            "HTTP_PORT": str(self.http),
            "MANAGEMENT_PORT": str(self.management),
        }
        self.log = folder / "log"
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "storefront", "serve"]
            self.child = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.http}{path}"

    async def ready(self) -> bool:
        try:
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://127.0.0.1:{self.management}/health/ready")
            return answer.status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
async def process(market: Collaborators, tmp_path: Path) -> AsyncIterator[Process]:
    process = Process(market, tmp_path)
    try:
        await aeventually(process.ready, within=20)
        yield process
    finally:
        process.child.kill()
        process.child.wait()


async def test_it_serves_and_is_measured_by_route(process: Process) -> None:
    async with httpx.AsyncClient() as client:
        page = await client.get(process.url(f"/products/{TEAPOT}"))
        await client.get(process.url("/nowhere/at/all"))
        metrics = (await client.get(f"http://127.0.0.1:{process.management}/metrics")).text

    assert page.status_code == 200
    assert "server" not in page.headers
    route = 'http_route="/products/<uuid:product_id>"'
    assert f'http_request_method="GET",http_response_status_code="200",{route}' in metrics
    assert 'http_response_status_code="404",http_route="unmatched"' in metrics
    assert TEAPOT not in metrics
    assert "nowhere" not in metrics


async def test_it_ends_at_once_though_a_stream_is_open(process: Process, market: Collaborators) -> None:
    market.orders[BOWL] = order(BOWL)
    cookies = {"bazaar_access": market.forge.token(market.subject)}
    async with (
        httpx.AsyncClient(cookies=cookies, timeout=10) as client,
        client.stream("GET", process.url(f"/orders/{BOWL}/events")) as stream,
    ):
        lines = stream.aiter_lines()
        async for line in lines:
            if line == "event: progress":
                break
        began = time.monotonic()
        process.child.send_signal(signal.SIGTERM)
        rest = [line async for line in lines]

    assert "event: end" not in rest
    await aeventually(lambda: process.child.poll() is not None, within=5)
    assert process.child.returncode == 0
    assert time.monotonic() - began < 5


async def test_its_log_is_json_with_the_trace(process: Process, market: Collaborators) -> None:
    market.broken["catalog"] = "500"
    async with httpx.AsyncClient() as client:
        answer = await client.get(process.url(f"/products/{TEAPOT}"))

    lines = [json.loads(line) for line in process.log.read_text(encoding="utf-8").splitlines()]
    (told,) = [
        line for line in lines if line["message"] == "a service failed" and line["route"].endswith("{id}")
    ]
    assert told["trace_id"] == answer.headers["X-Trace-Id"]
    assert told["peer"] == "catalog"


def test_what_is_missing_is_said_and_ends_it() -> None:
    command = [sys.executable, "-m", "storefront"]

    ended = subprocess.run(
        command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=30, check=False
    )

    assert ended.returncode == 2
    assert "IDENTITY_URL" in ended.stderr
    assert "COOKIE_KEY_FILE" in ended.stderr
    assert "Traceback" not in ended.stderr

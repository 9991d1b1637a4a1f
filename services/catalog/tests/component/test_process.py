"""The processes as they are started everywhere: `python -m catalog …`, real ports, signals and Kafka."""

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from kafka import records

from bazaar_shared.envelope import Event
from bazaar_shared.testing import eventually, processes, temporary_database
from bazaar_shared.testing.processes import free_port


class Process(processes.Process):
    module = "catalog"

    def health(self, kind: str) -> tuple[int, dict[str, Any]]:
        status, body = self.managed(f"/health/{kind}")
        return status, json.loads(body or "{}")

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=10)
        connection.request(
            method, path, body, headers, encode_chunked=headers.get("Transfer-Encoding") == "chunked"
        )
        return connection.getresponse()


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with temporary_database(os.environ["TEST_POSTGRES_URL"], "test_catalog") as url:
        yield url


@pytest.fixture(scope="module")
def start(database: str) -> Iterator[Callable[..., Process]]:
    started = list[Process]()

    def begin(command: str, **env: str) -> Process:
        process = Process(command, **os.environ | {"DATABASE_URL": database, "LOG_LEVEL": "INFO"} | env)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()


@pytest.fixture(scope="module")
def served(start: Callable[..., Process]) -> Process:
    """Migrated at its start and seeded."""
    process = start("serve")
    process.until_ready()
    seeding = start("seed")
    assert seeding.child.wait(timeout=60) == 0, seeding.printed()
    return process


def test_serving(served: Process) -> None:
    answer = served.request("GET", "/api/catalog/products?limit=1")
    assert answer.status == 200
    assert len(json.loads(answer.read())["items"]) == 1
    assert served.health("live")[0] == 200
    assert served.health("ready")[1]["checks"] == {"database": "ok"}


def test_the_trace_of_the_caller_goes_on(served: Process) -> None:
    trace = uuid4().hex
    answer = served.request("GET", "/api/catalog/categories", traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    assert answer.headers["X-Trace-Id"] == trace
    line = eventually(lambda: next((line for line in served.lines() if line["trace_id"] == trace), None))
    assert (line["service"], line["process"], line["message"]) == (
        "catalog",
        "catalog",
        "GET /api/catalog/categories 200",
    )


def test_metrics_name_routes_and_never_paths(served: Process) -> None:
    served.request("GET", f"/api/catalog/products/{uuid4()}").read()
    served.request("GET", f"/{uuid4()}").read()
    metrics = served.managed("/metrics")[1]
    assert (
        'http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="404",'
        'http_route="/api/catalog/products/<uuid:pk>"} 1.0'
    ) in metrics
    assert 'http_route="unmatched"' in metrics


def test_bodies_without_a_length_are_read_and_bounded(served: Process) -> None:
    chunked = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    answer = served.request("POST", "/api/catalog/products", iter([b"{}" for _ in range(40_000)]), **chunked)
    assert answer.status == 413
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("request_head", "status", "slug"),
    [
        (f"GET /api/catalog/products?search={'x' * 9000} HTTP/1.1\r\n", 414, "uri-too-long"),
        ("GET /api/catalog/products HTTP/1.1\r\nno header\r\n", 400, "malformed-request"),
        (f"GET / HTTP/1.1\r\nX-Large: {'x' * 9000}\r\n", 431, "headers-too-large"),
    ],
)
def test_what_the_server_refuses_is_a_problem_too(
    served: Process, request_head: str, status: int, slug: str
) -> None:
    with socket.create_connection(("127.0.0.1", served.http), timeout=10) as connection:
        connection.sendall(f"{request_head}\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        problem = json.loads(answer.read())
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status, problem["status"], problem["type"].rsplit("/", 1)[-1]) == (status, status, slug)


def test_the_back_offices_style_sheets_are_served(served: Process) -> None:
    assert served.request("GET", "/admin/login/").status == 200
    answer = served.request("GET", "/api/catalog/static/admin/css/base.css")
    assert (answer.status, answer.headers["Content-Type"]) == (200, 'text/css; charset="utf-8"')


def test_it_waits_for_the_database_alive_and_not_ready(start: Callable[..., Process], database: str) -> None:
    process = start("serve", DATABASE_URL=f"postgresql://postgres@127.0.0.1:{free_port()}/none")
    eventually(lambda: process.health("live")[0] == 200, within=30)
    assert process.health("ready")[0] == 503
    assert process.stop() == -signal.SIGTERM or process.child.returncode == 0


def test_a_restart_of_its_connections_costs_no_request(served: Process, database: str) -> None:
    """PostgreSQL ends all connections, as a restart does: each is checked before a request uses it."""
    with psycopg.connect(os.environ["TEST_POSTGRES_URL"], autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            [database.rsplit("/", maxsplit=1)[-1]],
        )
    for _ in range(5):
        assert served.request("GET", "/api/catalog/products").status == 200


def test_what_is_missing_is_said_in_one_line() -> None:
    env = {"PATH": os.environ["PATH"]}
    outcome = subprocess.run(
        [sys.executable, "-m", "catalog", "serve"],
        env=env,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert outcome.returncode == 1
    assert outcome.stderr == (
        "catalog: missing settings: DATABASE_URL, DJANGO_SECRET_KEY_FILE, KAFKA_BOOTSTRAP_SERVERS, JWKS_URL\n"
    )


def test_describing_the_api_needs_no_settings() -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "catalog", "openapi"],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "/api/catalog/products" in json.loads(outcome.stdout)["paths"]


# -- Kafka ----------------------------------------------------------------------------------------------


def test_the_relay_sends_what_the_verbs_left(
    start: Callable[..., Process], served: Process, database: str, topics: tuple[str, str]
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update outbox set topic = %s", [topics[0]])
    relay = start("relay")
    relay.until_ready()
    sent = asyncio.run(records(topics[0], 4))
    told = {record.key.decode(): Event.from_json(record.value) for record in sent}
    assert {event.data["sku"]: event.version for event in told.values()} == {
        "T-1": 1,
        "T-2": 1,
        "T-3": 1,
        "M-1": 1,
    }
    assert all(key == event.subject == event.data["product_id"] for key, event in told.items())
    eventually(lambda: 'outbox_pending{relay="catalog"} 0.0' in relay.managed("/metrics")[1])
    assert relay.stop() == 0


def test_sigterm_lets_go_in_time(served: Process) -> None:
    """Last: the server that the tests above used."""
    assert served.stop() == 0

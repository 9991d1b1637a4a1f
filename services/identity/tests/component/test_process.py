"""`python -m identity` as it runs: real processes, real sockets."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import psycopg
import pytest
from identity.keyring import Keyring

from bazaar_shared.auth import TokenVerifier
from bazaar_shared.testing import eventually, processes, temporary_database
from bazaar_shared.testing.processes import accepts, free_port

from .world import API, PASSWORD

STARTS_WITHIN = 60


class Process(processes.Process):
    module = "identity"

    def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return httpx.post(self.url + path, json=body, timeout=20, **more)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("process")
    (folder / "key").write_text("a key encryption key for tests only")
    (folder / "clients").mkdir()
    (folder / "clients" / "orders").write_text("a-random-secret-of-the-orders-service")
    with temporary_database(os.environ["TEST_POSTGRES_URL"], "test_identity") as url:
        yield {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": url,
            "KEY_ENCRYPTION_KEY_FILE": str(folder / "key"),
            "SERVICE_CLIENTS_DIR": str(folder / "clients"),
            "HTTP_THREADS": "2",
        }


@pytest.fixture(scope="module")
def start(environment: dict[str, str]) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def run(**changes: str) -> Process:
        started.append(Process(**environment | changes))
        return started[-1]

    yield run
    for process in started:
        process.kill()


@pytest.fixture(scope="module")
def two(start: Callable[..., Process]) -> list[Process]:
    """Two replicas that start at the same moment on an empty database."""
    return [process.until_ready() for process in [start(), start()]]


def test_two_replicas_that_start_at_once_migrate_once_and_share_one_key(two: list[Process]):
    sets = [httpx.get(f"{process.url}/.well-known/jwks.json").json() for process in two]

    assert sets[0] == sets[1]
    assert len(sets[0]["keys"]) == 1


def test_what_one_replica_signs_the_shared_verifier_accepts_from_the_other(two: list[Process]):
    one, other = two
    account = {"email": "ada@bazaar.example", "password": PASSWORD, "display_name": "Ada"}
    account_id = one.post(f"{API}/accounts", account).json()["id"]
    granted = other.post(f"{API}/sessions", {"email": "ada@bazaar.example", "password": PASSWORD}).json()
    jwks_url = f"{one.url}/.well-known/jwks.json"

    with closing(TokenVerifier(jwks_url, "https://identity.bazaar.example", "bazaar")) as verifier:
        principal = verifier.verify(granted["access_token"])

    assert (principal.subject, principal.roles) == (account_id, frozenset({"shopper"}))
    assert principal.session_id == granted["session_id"]


def test_a_request_is_seen_in_log_trace_and_metric_by_its_pattern(two: list[Process]):
    process = two[0]
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}

    answer = httpx.delete(
        f"{process.url}{API}/sessions/6c0a1a54-0000-4000-8000-000000000000", headers=headers
    )

    assert answer.status_code == 401
    assert answer.headers["X-Trace-Id"] == answer.json()["trace_id"] == trace
    line = eventually(lambda: [found for found in process.lines() if found.get("trace_id") == trace])[0]
    assert (line["service"], line["process"], line["level"]) == ("identity", "serve", "INFO")
    assert (line["route"], line["status"]) == (f"{API}/sessions/{{session_id}}", 401)
    metrics = process.managed("/metrics")[1]
    route = f'http_route="{API}/sessions/{{session_id}}"'
    labels = f'http_request_method="DELETE",http_response_status_code="401",{route}'
    assert f"http_server_request_duration_seconds_count{{{labels}}} 1.0" in metrics
    assert "6c0a1a54" not in metrics


def test_an_unknown_path_is_one_time_series_however_many_there_are(two: list[Process]):
    for number in range(3):
        httpx.get(f"{two[0].url}/made/up/{number}")

    metrics = two[0].managed("/metrics")[1]
    assert 'http_route="unmatched"' in metrics
    assert "/made/up" not in metrics


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 32_740, 431),
    ],
)
def test_what_the_server_itself_refuses_is_a_problem_too(two: list[Process], raw: bytes, status: int):
    with socket.create_connection(("127.0.0.1", two[0].http), timeout=10) as connection:
        connection.sendall(raw)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["status"] == status


def test_a_chunked_body_is_limited_as_well(two: list[Process]):
    answer = httpx.post(
        f"{two[0].url}{API}/sessions",
        content=iter([b"x" * 40_000] * 2),
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 413
    assert answer.json()["type"] == "https://bazaar.example/problems/body-too-large"


def test_a_stop_finishes_what_is_at_work(start: Callable[..., Process], environment: dict[str, str]):
    process = start().until_ready()
    body = {"email": "slow@bazaar.example", "password": PASSWORD, "display_name": "Slow"}
    with psycopg.connect(environment["DATABASE_URL"]) as blocker:
        # a sign-up that has to wait: another transaction is about to take the address
        blocker.execute(
            "insert into accounts (id, email, display_name, password_hash, roles, state, created_at) "
            "values (gen_random_uuid(), 'slow@bazaar.example', 'x', 'x', '{}', 'active', now())"
        )
        request = subprocess.Popen(
            [
                "curl",
                "-s",
                "-w",
                "%{http_code}",
                "-o",
                os.devnull,
                "--json",
                json.dumps(body),
                f"{process.url}{API}/accounts",
            ],
            stdout=subprocess.PIPE,
        )
        of_ours = "select count(*) from pg_stat_activity where datname = current_database()"
        waiting = f"{of_ours} and wait_event_type = 'Lock'"
        eventually(lambda: blocker.execute(waiting).fetchone() == (1,))
        process.signal()
        eventually(lambda: not accepts(process.http))
        blocker.rollback()

    assert request.communicate(timeout=20)[0] == b"201"
    assert process.child.wait(timeout=20) == 0
    assert process.lines()[-1]["message"] == "stopped"


@pytest.mark.parametrize(
    ("trusted", "counted"), [({}, "127.0.0.1"), ({"TRUSTED_PROXY": "127.0.0.1"}, "198.51.100.9")]
)
def test_a_caller_names_its_address_only_through_the_gateway(
    start: Callable[..., Process], environment: dict[str, str], trusted: dict[str, str], counted: str
):
    process = start(**trusted).until_ready()
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("truncate throttle_buckets")
        wrong = {"email": "eve@bazaar.example", "password": "not the password at all"}
        # a forged first entry does not count: the last is the one the gateway has written
        headers = {"X-Forwarded-For": "192.0.2.1, 198.51.100.9"}
        assert process.post(f"{API}/sessions", wrong, headers=headers).status_code == 401
        by_address = "select subject from throttle_buckets where scope = 'password/address'"
        subjects = [bytes(subject) for (subject,) in connection.execute(by_address)]

    assert subjects == [Keyring("a key encryption key for tests only").pseudonym(counted)]


def test_rotation_by_command_reaches_the_running_replicas(two: list[Process], environment: dict[str, str]):
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "identity", "rotate-keys"], env=environment, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    said = sorted(command.communicate(timeout=STARTS_WITHIN)[1].decode().strip() for command in commands)

    assert [command.returncode for command in commands] == [0, 0]
    assert (
        " is already waiting, it signs from " in said[0] or " is already waiting, it signs from " in said[1]
    )
    for process in two:
        assert len(httpx.get(f"{process.url}/.well-known/jwks.json").json()["keys"]) == 2


def test_a_process_waits_for_its_database(start: Callable[..., Process], environment: dict[str, str]):
    port = free_port()
    process = start(DATABASE_URL=f"postgresql://postgres@127.0.0.1:{port}/identity")

    eventually(lambda: "waiting for the database" in process.printed(), within=STARTS_WITHIN)

    assert process.managed("/health/live")[0] == 200
    status, health = process.managed("/health/ready")
    assert status == 503
    assert json.loads(health)["checks"]["listening"] == "not yet"
    assert not accepts(process.http)
    assert process.stop() == -signal.SIGTERM


def test_missing_settings_are_all_named():
    result = subprocess.run(
        [sys.executable, "-m", "identity"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert result.returncode != 0
    assert (
        result.stderr.decode().strip() == "identity: missing settings: DATABASE_URL, KEY_ENCRYPTION_KEY_FILE"
    )


def test_help_tells_the_commands():
    result = subprocess.run(
        [sys.executable, "-m", "identity", "--help"], capture_output=True, timeout=60, check=True
    )

    for command in ("serve", "migrate", "seed", "rotate-keys", "export", "openapi"):
        assert command in result.stdout.decode()

"""The tests' own servers, beside the market's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bazaar_shared.testing import eventually
from native import bench, native_down, proc
from native.native_mode import NativeMode
from native.paths import MARK, STATE
from tests import containers, servers


def test_a_server_of_the_tests_is_no_leftover_of_the_market(tmp_path: Path) -> None:
    market = {MARK: str(STATE)}  # as the market's own settings for a server carry it
    with bench.started(NativeMode().translator, "kafka", ["sleep", "60"], market, tmp_path):
        [pid] = eventually(lambda: proc.marked(MARK, str(tmp_path)), within=10)
        assert pid not in native_down.started_here()


def test_one_server_alone_answers_and_leaves_nothing() -> None:
    folder = STATE / f"test-bench-{os.getpid()}"
    with bench.servers(folder, ["redis"]) as addresses:
        assert set(addresses) == {"TEST_REDIS_URL"}
        port = urlsplit(addresses["TEST_REDIS_URL"]).port
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            assert connection.recv(100) == b"+PONG\r\n"
    assert list(folder.parent.glob(f"{folder.name}*")) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be started; nothing is."""
    names: list[str] = []

    @contextmanager
    def start(wanted: list[str], _folder: str) -> Iterator[dict[str, str]]:
        names.extend(wanted)
        yield {servers.VARIABLES[name]: "started" for name in wanted}

    monkeypatch.setattr(servers, "engine_answers", lambda: False)
    monkeypatch.setattr(servers, "natively", start)
    for variable in servers.VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    return names


def test_only_servers_that_nobody_gave_are_started(
    started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_AMQP_URL", "amqp://given/")
    monkeypatch.setenv("TEST_RABBITMQ_MANAGEMENT_URL", "http://given/")
    with servers.servers(["rabbitmq", "redis"]) as addresses:
        assert started == ["redis"]
        assert addresses["TEST_AMQP_URL"] == "amqp://given/"
        assert addresses["TEST_RABBITMQ_MANAGEMENT_URL"] == "http://given/"
        assert addresses["TEST_REDIS_URL"] == "started"


def test_given_servers_are_taken_as_they_are(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in servers.VARIABLES.values():
        monkeypatch.setenv(variable, "given")
    with servers.servers() as addresses:
        assert {addresses[variable] for variable in servers.VARIABLES.values()} == {"given"}
    assert started == []


def test_both_ways_know_the_same_servers() -> None:
    assert set(bench.SERVERS) == set(containers.START) == set(servers.VARIABLES)


def test_runs_side_by_side_have_folders_of_their_own(tmp_path: Path) -> None:
    """And what one that was killed has left goes."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    alive, left = tmp_path / f"servers-{os.getppid()}", tmp_path / f"servers-{ended.pid}"
    for folder in (alive, left):
        (folder / "postgres").mkdir(parents=True)

    own = bench.of_this_run(tmp_path / "servers")

    assert own not in (alive, left)
    assert not own.exists()
    assert (alive.exists(), left.exists()) == (True, False)

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from native import checks, compose, proc
from native.compose import Compose, Process


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def wanting(port: int) -> Process:
    return compose.process("orders", {"image": "x", "ports": [f"127.0.0.1:{port}:{port}"]}, {})


def test_a_taken_port_is_one_line_that_names_the_holder(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    (line,) = checks.port_problems([wanting(port)])
    assert line.startswith(f"port {port} (orders) is held by process {os.getpid()} (")
    assert "\n" not in line


def test_a_port_that_we_hold_ourselves_is_none(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert checks.port_problems([wanting(port)], ours={os.getpid()}) == []


def test_a_free_port_is_none(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    assert checks.port_problems([wanting(port)]) == []


def test_another_market_is_one_line_for_all_its_ports() -> None:
    program = "import socket; l = [socket.create_server(('127.0.0.1', 0)) for _ in 'ab']; "
    program += "print(*(s.getsockname()[1] for s in l), flush=True); input()"
    command = [sys.executable, "-c", program]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env={"BAZAAR_STATE": "/elsewhere/.bazaar"}, **pipes) as child:  # type: ignore[call-overload]
        ports = child.stdout.readline().split()
        lines = checks.port_problems([wanting(int(port)) for port in ports])
        assert lines == ["another market runs, from /elsewhere: make down there"]
        child.stdin.close()


def test_too_little_memory_says_how_much_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "available_memory_mib", lambda: 1000)
    assert checks.memory_problems(2600) == [
        "1000 MiB of memory are free, the market needs 2600: close something"
    ]
    assert checks.memory_problems(900) == []


def test_another_platform_is_sent_to_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    (line,) = checks.platform_problems()
    assert "Linux on amd64" in line
    assert "MODE=docker" in line


def fetched(**install: str) -> Compose:
    server = compose.process("server", {"image": "x", "x-native": {"install": install}}, {})
    return Compose("market", {"server": server}, {})


@pytest.mark.parametrize(
    ("install", "there", "missing"),
    [
        ({"apt": "redis-server", "provides": "redis-server"}, [], ["redis-server"]),
        ({"apt": "redis-server", "provides": "redis-server"}, ["redis-server"], []),
        ({"pom": "pom.xml"}, ["java"], ["maven"]),
        ({"maven": "a:b:1"}, ["mvn"], ["default-jre-headless"]),
        ({"npm": "folder"}, [], ["nodejs", "npm"]),
        ({"npm": "folder"}, ["node"], ["npm"]),
        ({"npm": "folder"}, ["node", "npm"], []),
        ({}, [], []),
    ],
)
def test_packages_are_missing_when_what_they_provide_is(
    monkeypatch: pytest.MonkeyPatch, install: dict[str, str], there: list[str], missing: list[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if name in there else None)
    assert checks.missing_packages(fetched(**install)) == missing


def test_missing_packages_come_with_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", {"apt-get": "/usr/bin/apt-get"}.get)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    (line,) = checks.package_problems(["redis-server", "npm"])
    assert "sudo " in line
    assert "native packages   (redis-server npm)" in line
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert checks.package_problems(["redis-server"]) == [], "root installs them"


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def says(script: str) -> None:
        (tmp_path / "node").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "node").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    return says


@pytest.mark.parametrize("version", ["v18.20.4", "v20.0.0", "v100.1.0"])
def test_a_node_that_is_new_enough_is_none(node: Callable[[str], None], version: str) -> None:
    node(f"echo {version}")
    assert checks.node_problems(fetched(npm="folder")) == []


def test_a_node_that_is_too_old_or_broken_is_one_line(node: Callable[[str], None]) -> None:
    node("echo v16.1.0")
    (line,) = checks.node_problems(fetched(npm="folder"))
    assert line.startswith("node is v16.1.0, server needs 18 or newer: ")
    assert checks.node_problems(fetched(apt="x", provides="x")) == [], "nothing here needs it"
    node("exit 127")
    (line,) = checks.node_problems(fetched(npm="folder"))
    assert line.startswith("node is one that does not run, ")


def test_a_missing_node_is_only_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert checks.node_problems(fetched(npm="folder")) == []


def test_what_carries_a_mark_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "print(flush=True); input()"]
    environment = {"BAZAAR_TEST_MARK": "here"}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        assert proc.marked("BAZAAR_TEST_MARK", "here") == [child.pid]
        assert proc.marked("BAZAAR_TEST_MARK", "elsewhere") == []
        assert child.stdin
        child.stdin.close()

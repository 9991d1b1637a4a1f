"""A real supervisord: what dies comes back, what is stopped stays, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bazaar_shared.testing import eventually
from native import compose, proc, supervisor
from native.supervisor import Program, Supervisor, configuration

SLEEPER = "import os, time; print(os.environ['GREETING'], flush=True); time.sleep(600)"


def program(name: str, greeting: str) -> Program:
    process = compose.process(name, {"image": "none"}, {})
    command = [sys.executable, "-c", SLEEPER]
    return Program(process, command, {"GREETING": greeting, "BAZAAR_STATE": greeting}, Path("/"))


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Supervisor]:
    for name in ("RUN", "LOGS"):
        monkeypatch.setattr(supervisor, name, tmp_path)
    for name in ("PID_FILE", "CONFIG_FILE", "OUTPUT"):
        monkeypatch.setattr(supervisor, name, tmp_path / name)
    write(program("one", str(tmp_path)), program("two", str(tmp_path)))
    daemon = Supervisor()
    daemon.launch()
    yield daemon
    if daemon.alive():
        daemon.shutdown()


def write(*programs: Program) -> None:
    supervisor.CONFIG_FILE.write_text(configuration(programs))


def pid(daemon: Supervisor, name: str) -> int:
    return int(daemon.state(name)["pid"])


def test_nothing_starts_by_itself(running: Supervisor) -> None:
    assert {name: state["pid"] for name, state in running.states().items()} == {"one": 0, "two": 0}


def test_what_is_killed_comes_back_and_what_is_stopped_does_not(running: Supervisor) -> None:
    for name in ("one", "two"):
        running.start(name)
        running.start(name)  # again does no harm
        eventually(partial(pid, running, name))
    first, other = pid(running, "one"), pid(running, "two")
    os.kill(first, signal.SIGKILL)
    eventually(lambda: pid(running, "one") not in {0, first})
    assert pid(running, "two") == other
    running.stop("two")
    running.stop("two")
    assert running.state("two")["statename"] == "STOPPED"
    assert not Path(f"/proc/{other}").exists()


def test_a_changed_configuration_touches_only_what_changed(running: Supervisor, tmp_path: Path) -> None:
    for name in ("one", "two"):
        running.start(name)
        eventually(partial(pid, running, name))
    one, two = pid(running, "one"), pid(running, "two")
    write(
        program("one", str(tmp_path)), program("two", f"{tmp_path}/changed"), program("three", str(tmp_path))
    )
    running.reload()
    assert pid(running, "one") == one
    assert not Path(f"/proc/{two}").exists()
    assert set(running.states()) == {"one", "two", "three"}


def test_a_second_launch_is_the_same_daemon(running: Supervisor) -> None:
    daemon = running.rpc.getPID()
    running.launch()
    assert running.rpc.getPID() == daemon


def test_shutdown_leaves_nothing(running: Supervisor, tmp_path: Path) -> None:
    running.start("one")
    eventually(lambda: (tmp_path / "one.log").exists() and (tmp_path / "one.log").read_text())
    assert proc.marked("BAZAAR_STATE", str(tmp_path)) == [pid(running, "one")]
    running.shutdown()
    assert not running.alive()
    assert proc.marked("BAZAAR_STATE", str(tmp_path)) == []
    assert (tmp_path / "one.log").read_text() == f"{tmp_path}\n"

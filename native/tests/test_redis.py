"""infra/redis.sh with a real Redis: who may do what."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from native import proc
from native.native_mode import free_port
from native.paths import ROOT
from native.readiness import connects
from native.supervisor import wait

PASSWORDS = {"chat": "the word of chat", "notifications": "another", "health": "any"}
Call = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    for name in ("chat", "notifications"):
        (folder / name).write_text(f"{PASSWORDS[name]}\n")
    settings = {
        "PATH": os.environ["PATH"],
        "REDIS_PORT": str(port),
        "CHAT_PASSWORD_FILE": str(folder / "chat"),
        "NOTIFICATIONS_PASSWORD_FILE": str(folder / "notifications"),
    }
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            ["bash", str(ROOT / "infra/redis.sh")], env=settings, cwd=folder, stdout=log, stderr=log
        )
    try:
        assert wait(lambda: connects(port), 20), (folder / "log").read_text()
        child.port = port  # type: ignore[attr-defined]
        yield child
    finally:
        child.terminate()
        child.wait(20)
    assert sorted(path.name for path in folder.iterdir()) == ["chat", "log", "notifications"], (
        "nothing is kept"
    )


@pytest.fixture
def call(server: subprocess.Popen[bytes]) -> Call:
    def call(user: str | None, *words: str) -> str:
        account = ["--user", user, "--no-auth-warning"] if user else []
        environment = {**os.environ, **({"REDISCLI_AUTH": PASSWORDS[user]} if user else {})}
        command = ["redis-cli", "-p", str(server.port), *account, *words]  # type: ignore[attr-defined]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=20
        )
        return (done.stdout + done.stderr).strip()

    return call


def test_nobody_gets_in_without_an_account(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(None, "PING") == "NOAUTH Authentication required."
    monkeypatch.setitem(PASSWORDS, "chat", "a guess")
    assert "WRONGPASS" in call("chat", "PING")


@pytest.mark.parametrize(("user", "other"), [("chat", "notifications"), ("notifications", "chat")])
def test_an_account_has_its_own_keys_and_channels_only(call: Call, user: str, other: str) -> None:
    assert call(user, "SET", f"{user}:a", "1", "EX", "60") == "OK"
    assert call(user, "GET", f"{user}:a") == "1"
    assert call(user, "PUBLISH", f"{user}:news", "x") == "0"
    assert call(user, "EVAL", "return redis.call('GET', KEYS[1])", "1", f"{user}:a") == "1"
    script = f"return redis.call('SET', '{other}:a', 1)"
    for refused in (
        ["SET", f"{other}:b", "1"],
        ["GET", f"{other}:a"],
        ["DEL", f"{user}:a", f"{other}:a"],
        ["PUBLISH", f"{other}:news", "x"],
        ["SUBSCRIBE", f"{other}:news"],
        ["PSUBSCRIBE", "*"],
    ):
        assert call(user, *refused).startswith("NOPERM"), refused
    assert "can't access at least one of the keys" in call(user, "EVAL", script, "0")


@pytest.mark.parametrize(
    "command",
    [
        "FLUSHALL", "FLUSHDB", "SWAPDB 0 0", "KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE",
        "CONFIG GET maxmemory", "CLIENT LIST", "MONITOR", "ACL LIST", "SHUTDOWN", "FUNCTION LIST",
        "SCRIPT FLUSH", "PUBSUB CHANNELS",
    ],
)  # fmt: skip
def test_what_concerns_others_is_refused(call: Call, command: str) -> None:
    assert call("chat", *command.split()).startswith("NOPERM")


@pytest.mark.parametrize("command", ["CLIENT SETNAME me", "SELECT 0", "PING", "CLIENT ID", "HELLO 3"])
def test_what_clients_do_when_they_connect_is_allowed(call: Call, command: str) -> None:
    answer = call("chat", *command.split())
    assert answer
    assert "NOPERM" not in answer


def test_a_probe_may_ask_and_nothing_else(call: Call) -> None:
    assert call("health", "PING") == "PONG"
    for command in ("GET chat:a", "SET x 1", "INFO", "SUBSCRIBE chat:news"):
        assert call("health", *command.split()).startswith("NOPERM")


def test_no_password_stands_in_the_list_of_processes(server: subprocess.Popen[bytes]) -> None:
    line = proc.command_line(server.pid)
    assert line == "redis-server -"
    assert not any(word in line for word in PASSWORDS.values())


def test_its_environment_can_still_be_read(server: subprocess.Popen[bytes]) -> None:
    # by a mark in it `make up` and `make down` know what is theirs
    assert proc.variable(server.pid, "REDIS_PORT") == str(server.port)  # type: ignore[attr-defined]


def test_an_empty_password_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    names = ("CHAT_PASSWORD_FILE", "NOTIFICATIONS_PASSWORD_FILE")
    settings = {"PATH": os.environ["PATH"], **dict.fromkeys(names, str(tmp_path / "empty"))}
    done = subprocess.run(
        ["bash", str(ROOT / "infra/redis.sh")], env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert done.stderr == f"redis: {tmp_path}/empty is empty\n"

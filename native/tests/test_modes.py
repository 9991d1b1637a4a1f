from __future__ import annotations

from pathlib import Path

import pytest

from native import modes
from native.modes import Mode, ModeError, choose


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(modes, "CHOSEN", tmp_path / "mode")
    return tmp_path / "mode"


def test_the_choice_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modes, "why_no_engine", lambda: None)
    assert choose({}) == ("docker", "a Docker engine answers")
    monkeypatch.setattr(modes, "why_no_engine", lambda: "there is no docker command here")
    assert choose({}) == ("native", "there is no docker command here")
    assert choose({"MODE": "docker"}) == ("docker", "MODE=docker was given")


def test_without_a_docker_command_there_is_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert modes.why_no_engine() == "there is no docker command here"


def test_a_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ModeError, match="MODE is docker or native, not 'vagrant'"):
        Mode.detect({"MODE": "vagrant"})


def test_what_runs_counts_more_than_what_would_be_chosen(nothing_runs: Path) -> None:
    nothing_runs.write_text("native")
    assert Mode.detect({"MODE": "docker"}).name == "native"
    nothing_runs.unlink()
    assert Mode.detect({"MODE": "docker"}).name == "docker"


def test_addresses_are_the_same_in_both_modes() -> None:
    docker, native = modes.make("docker").addresses(), modes.make("native").addresses()
    assert docker == native
    assert native.gateway == "http://127.0.0.1:8080"
    assert native.management["orders-saga"] == "http://127.0.0.1:9133"
    assert (native.postgres, native.kafka) == ("127.0.0.1:15432", "127.0.0.1:19092")


def test_the_env_file_is_read_as_compose_does(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# a comment\nLOG_LEVEL=DEBUG\nQUOTED='x y'\n\nnonsense\n")
    assert modes.read_env_file(file) == {"LOG_LEVEL": "DEBUG", "QUOTED": "x y"}

from __future__ import annotations

import configparser
import shlex
from pathlib import Path

import pytest
from supervisor.datatypes import dict_of_key_value_pairs

from native import compose, supervisor
from native.supervisor import Program, SupervisorError, configuration, quoted
from native.translate import Translator

MARKET = compose.load({})


def parsed(*programs: Program) -> configparser.RawConfigParser:
    config = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    config.read_string(configuration(programs))
    return config


def program(name: str, **changes: object) -> Program:
    process, how = MARKET.processes[name], Translator(MARKET)
    fields = {
        "command": how.command(process),
        "environment": how.environment(process, {}),
        "directory": Path("/"),
    }
    return Program(process, **{**fields, **changes})  # type: ignore[arg-type]


def test_every_process_becomes_a_program_that_is_started_again() -> None:
    config = parsed(*(program(process.name) for process in MARKET.running))
    sections = {name for name in config.sections() if name.startswith("program:")}
    assert sections == {f"program:{process.name}" for process in MARKET.running}
    for section in sections:
        assert config[section]["autorestart"] == "true"
        assert config[section]["autostart"] == "false", "servers first, then what needs them"


def test_stopping_is_as_the_compose_file_says() -> None:
    section = parsed(program("postgres"))["program:postgres"]
    assert (section["stopsignal"], section["stopwaitsecs"]) == ("INT", "60")


@pytest.mark.parametrize("value", ["plain", "100%", "a,b=c", "back\\slash", "it's"])
def test_any_value_arrives_in_the_environment(value: str) -> None:
    section = parsed(program("orders", environment={"NAME": value, "Z": "z"}))["program:orders"]
    # as supervisor reads it: first its % expansions, then the pairs
    assert dict_of_key_value_pairs(section["environment"] % {}) == {"NAME": value, "Z": "z"}


@pytest.mark.parametrize("value", ["a\nb", "a ; b", "a # b", 'say "hello"', "'quoted'"])
def test_what_its_configuration_would_cut_is_refused(value: str) -> None:
    with pytest.raises(SupervisorError, match="can't hold"):
        quoted(value)


@pytest.mark.parametrize("text", ["plain", "with space", 'a"b', "it's", "50%", "$HOME"])
def test_any_word_arrives_in_the_command(text: str) -> None:
    section = parsed(program("orders", command=["run", text]))["program:orders"]
    assert shlex.split(section["command"] % {}) == ["run", text]


def test_the_socket_fits_into_the_kernels_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RUN", Path("/a/rather/long/path") / ("x" * 120))
    assert len(str(supervisor.socket_path())) < supervisor.SOCKET_PATH_LIMIT
    monkeypatch.setattr(supervisor, "RUN", Path("/short"))
    assert supervisor.socket_path() == Path("/short/supervisor.sock")

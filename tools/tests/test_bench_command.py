"""What every benchmark's command does with what it measured, and when it could not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tools.bench.command import MEASURED, UNMEASURABLE, options, publish


def as_markdown(report: dict[str, Any]) -> str:
    return f"# {report['per_second']} a second"


def test_what_was_measured_is_shown_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def measure(console: Console, _log: Path) -> dict[str, Any]:
        console.print("round 1 of 1")
        return {"per_second": 7}

    assert publish("pigeons", tmp_path / "new", measure, as_markdown, (OSError,)) == MEASURED
    assert json.loads((tmp_path / "new" / "pigeons.json").read_text()) == {"per_second": 7}
    assert (tmp_path / "new" / "pigeons.md").read_text() == "# 7 a second"
    told = capsys.readouterr().out
    assert told.startswith("round 1 of 1\n# 7 a second\nwritten to ")


def test_what_could_not_be_measured_leaves_the_last_result_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pigeons.json").write_text("{}")

    def measure(_console: Console, log: Path) -> dict[str, Any]:
        log.write_text("the loft is locked")
        raise OSError("no pigeon came")

    assert publish("pigeons", tmp_path, measure, as_markdown, (OSError,)) == UNMEASURABLE
    assert capsys.readouterr().err == "not measured: no pigeon came\nthe loft is locked\n"
    assert (tmp_path / "pigeons.json").read_text() == "{}"
    with pytest.raises(OSError, match="no pigeon"):
        publish("pigeons", tmp_path, measure, as_markdown, (KeyError,))


def test_the_options_say_where_the_result_goes() -> None:
    made = options("pigeons", "How fast they fly.")
    assert made.prog == "python -m tools.bench_pigeons"
    assert made.parse_args([]).out.parts[-2:] == ("docs", "benchmarks")

import json

import pytest

from tools.bench.streams.counting import Telling, given
from tools.bench.streams_report import StreamsReport, as_markdown
from tools.bench.streams_stage import Run, order


def report() -> StreamsReport:
    raw = {
        "stateless": [Run(90_000, 4.0), Run(110_000, 6.0)],
        "table": [Run(20_000, 10.0), Run(20_000, 10.0)],
    }
    faust = {"stateless": Run(5_000, 100.0), "memory": Run(2_000, 300.0), "rocksdb": Run(1_000, 400.0)}
    return StreamsReport(60_000, 12_000, "kafka 4.3.1", raw, faust)


def test_each_of_fausts_is_compared_with_the_reader_that_does_as_much() -> None:
    told = report().as_json()["faust"]
    assert {
        name: (run["against"], run["ratio_of_records"], run["ratio_of_cpu"]) for name, run in told.items()
    } == {
        "stateless": ("stateless", 0.05, 20.0),
        "memory": ("table", 0.1, 30.0),
        "rocksdb": ("table", 0.05, 40.0),
    }


def test_the_page_shows_the_ratios_and_that_the_machine_was_not_quiet() -> None:
    page = as_markdown(report().as_json())
    assert "| Faust: a table in RocksDB with its changelog | 1,000 | **0.05** | 400.0 | 40.0 |" in page
    assert "**The machine was not quiet**" in page
    assert page.count("The machine was not quiet") == 1


def test_a_reader_tells_when_it_begins_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    telling = Telling(2)
    telling.one()
    assert not telling.done
    telling.one()
    assert telling.done
    telling.end(2)
    begin, end, told = capsys.readouterr().out.splitlines()
    assert (begin, end, json.loads(told)) == ("begin", "end", {"records": 2, "counted": 2})


def test_what_a_reader_is_given_survives_the_command_line() -> None:
    what = given(["broker:1", "topic", "group", "5", "table"])
    assert given(what.arguments()) == what
    assert what.changelog == "group-counts-changelog"


def test_records_are_orders_of_a_usual_length() -> None:
    assert json.loads(order("k", 1))["data"]["order_id"] == "k"
    assert 300 < len(order("0b6ad7d2-7c2f-5f0e-8a55-3a1c7f0a9d01", 1)) < 700

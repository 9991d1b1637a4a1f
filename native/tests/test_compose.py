from __future__ import annotations

import pytest

from native import compose, rules
from native.compose import ComposeError, interpolate, port, process, seconds

MARKET = compose.load({})


def test_the_projects_own_file_holds_to_its_rules() -> None:
    assert rules.broken(MARKET) == []


def test_every_process_of_the_table_is_there_with_its_ports() -> None:
    ports = {p.name: (p.http_port, p.management_port) for p in MARKET.running if p.management_port}
    assert ports["gateway"] == (8080, 9100)
    assert ports["orders"] == (8103, 9103)
    assert ports["orders-saga"] == (None, 9133)
    assert ports["processor"] == (8107, 9107)
    assert len(ports) == len({management for _, management in ports.values()})


def test_servers_come_first_and_work_done_once_does_not_run_on() -> None:
    kinds = [p.is_server for p in MARKET.running]
    assert kinds == sorted(kinds, reverse=True)
    assert [p.name for p in MARKET.once("before")] == ["secrets"]
    assert [p.name for p in MARKET.once("servers")] == ["provision"]
    assert {p.name for p in MARKET.once("ready")} == {
        "identity-seed", "catalog-seed", "fulfillment-seed", "reviews-seed",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${LOG_LEVEL:-INFO}", "INFO"),
        ("${SET:-other}", "given"),
        ("${EMPTY:-default}", "default"),
        ("${UNSET}", ""),
        ("$$(</run/secret)", "$(</run/secret)"),
        ("a${SET}b", "agivenb"),
    ],
)
def test_variables_are_filled_in_as_compose_does(text: str, expected: str) -> None:
    assert interpolate(text, {"SET": "given", "EMPTY": ""}) == expected


def test_a_port_published_to_everybody_is_refused() -> None:
    assert port("p", "127.0.0.1:15432:5432") == (5432, 15432)
    for text in ("5432:5432", "0.0.0.0:5432:5432", "5432"):
        with pytest.raises(ComposeError, match="publish ports as 127"):
            port("p", text)


@pytest.mark.parametrize(("text", "expected"), [("30s", 30), ("2m", 120)])
def test_durations(text: str, expected: int) -> None:
    assert seconds(text) == expected


def test_a_duration_that_is_not_understood_is_an_error() -> None:
    with pytest.raises(ComposeError, match="1h30m"):
        seconds("1h30m")


def test_find_knows_processes_and_services() -> None:
    assert [p.name for p in MARKET.find("orders-relay")] == ["orders-relay"]
    assert {p.name for p in MARKET.find("fulfillment")} >= {"inventory", "payments", "shipping", "processor"}
    assert MARKET.main_process("orders").name == "orders"
    assert MARKET.main_process("fulfillment").service == "fulfillment"
    with pytest.raises(ComposeError, match=r"nothing here is called 'nonsense'; there are: .*orders-saga"):
        MARKET.find("nonsense")


def test_the_rules_name_what_is_broken() -> None:
    bad = process("p", {"image": "x", "environment": {"PROCESS_NAME": "q", "MANAGEMENT_PORT": "9101"}}, {})
    bad = process(
        "p", {"image": "x", "build": {"args": {"SERVICE": "s"}}, "environment": bad.environment}, {}
    )
    assert list(rules.unlike_others(bad)) == [
        "PROCESS_NAME is not its name",
        "port 9101 is not published under the same number",
    ]
    assert list(rules.unconfined("p", {"user": "0:0"})) == [
        "its root file system can be written to",
        "keeps capabilities",
        "may gain privileges",
        "its memory has no bound",
        "does not say when it is started again",
        "runs as root",
    ]

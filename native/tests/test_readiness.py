from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from bazaar_shared.management import Management
from native import compose
from native.compose import Process
from native.progress import Progress
from native.readiness import NotReadyError, failing_checks, wait_until_ready, waits_for


@pytest.fixture
def answers() -> Iterator[dict[str, bool | str]]:
    """The checks of a management port; changed by the test while it answers."""
    results: dict[str, bool | str] = {"kafka": True, "database": True}
    checks = {name: (lambda name=name: results[name]) for name in results}
    management = Management("127.0.0.1", 0, ready=checks, registry=CollectorRegistry())
    management.start()
    results["port"] = str(management.port)
    yield results
    management.stop()


def listening(port: str | int) -> Process:
    raw = {"image": "x", "build": {"args": {"SERVICE": "orders"}}, "environment": {"MANAGEMENT_PORT": port}}
    return compose.process("orders", raw, {})


def test_a_process_is_ready_when_it_says_so(answers: dict[str, bool | str]) -> None:
    assert waits_for(listening(str(answers["port"]))) is None


def test_a_process_says_what_it_waits_for(answers: dict[str, bool | str]) -> None:
    answers["kafka"] = "no broker"
    assert waits_for(listening(str(answers["port"]))) == "kafka"


def test_a_process_that_is_not_there_waits_for_its_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert waits_for(listening(free.getsockname()[1])) == "its management port"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"checks": null}'])
def test_an_answer_that_is_not_understood_is_not_ready(body: bytes) -> None:
    assert failing_checks(body) == "itself"


def test_waiting_ends_and_says_who_and_why(answers: dict[str, bool | str]) -> None:
    answers["database"] = "refused"
    with pytest.raises(NotReadyError, match="orders is not ready: it waits for database; make logs S=orders"):
        wait_until_ready([listening(str(answers["port"]))], Progress("test"), within=0)


def test_who_has_no_hope_is_not_waited_for(answers: dict[str, bool | str]) -> None:
    answers["database"] = "refused"
    with pytest.raises(NotReadyError, match="orders is not ready: it died"):
        wait_until_ready(
            [listening(str(answers["port"]))], Progress("test"), within=60, failed=lambda _name: "it died"
        )

"""The command around the judging: what is read in which order, waiting, exit status, words."""

from __future__ import annotations

import json
import time
from itertools import chain, repeat
from typing import Any

import pytest

from native.paths import ROOT
from tools import audit
from tools.books import UnreadableBookError
from tools.reading import gist, read_books, services_of_the_market
from tools.tests.market import CONFIRMED, MOVING, ORDERS, PARTICIPANTS, SAM, SHIPPED, stock

AT_REST = [record for record in ORDERS if record.get("id") != MOVING]
AT_REST_PARTICIPANTS = [record for record in PARTICIPANTS if record.get("order_id") != MOVING]
# of the services whose books are one kind or two; the others' are fulfillment's
KINDS = {
    "catalog": {"product"},
    "basket": {"basket"},
    "reviews": {"review", "rating_summary"},
    "notifications": {"mail_intent"},
    "insights": {"insight_order", "insights_position"},
    "chat": {"conversation", "tracked_order"},
}
NEW_PRODUCT = {"kind": "product", "id": "product-new", "status": "active"}
NEW = [NEW_PRODUCT, stock("product-new", 0, 0, 0, 0)]


def ndjson(records: list[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(record) for record in records) + "\n"


class Exports:
    """Exports as the services print them; orders' and fulfillment's may change from reading to reading."""

    def __init__(
        self,
        *orders: list[dict[str, Any]],
        participants: list[dict[str, Any]] = PARTICIPANTS,
        at_first: list[list[dict[str, Any]]] | None = None,
    ) -> None:
        self.orders = list(orders)
        self.fulfillment = chain(at_first or [], repeat(participants))
        self.participants = participants
        self.asked: list[str] = []

    def __call__(self, service: str) -> str:
        self.asked.append(service)
        if service == "orders":
            return ndjson(self.orders.pop(0) if len(self.orders) > 1 else self.orders[0])
        if service in KINDS:
            return ndjson([each for each in self.participants if each["kind"] in KINDS[service]])
        others = set().union(*KINDS.values())
        return ndjson([each for each in next(self.fulfillment) if each["kind"] not in others])


def without_moving_stock() -> list[dict[str, Any]]:
    freed = []
    for record in AT_REST_PARTICIPANTS:
        if record["kind"] == "stock":
            record = record | {"reserved": 0}  # noqa: PLW2901
        if record["kind"] == "ledger_balance" and "holds" in record["account"]:
            record = record | {"balance_minor": 0}  # noqa: PLW2901
        freed.append(record)
    return freed


def test_orders_are_read_before_and_after_the_others() -> None:
    exports = Exports(ORDERS)
    read_books(exports)
    others = ["notifications", "insights", "chat", "fulfillment", "basket", "reviews", "catalog"]
    assert exports.asked == ["orders", *others, "orders"]


def test_only_who_is_in_the_market_is_asked() -> None:
    exports = Exports(ORDERS)
    verdict = audit.audit(
        exports, overdue=1e12, services=["basket", "catalog", "fulfillment", "reviews", "chat"]
    )
    assert exports.asked == ["orders", "chat", "fulfillment", "basket", "reviews", "catalog", "orders"]
    assert (verdict.faults, dict(verdict.mails)) == ([], {})


def test_who_is_in_the_market_stands_in_the_compose_file() -> None:
    known = {path.name for path in (ROOT / "services").iterdir() if path.is_dir()}
    services = services_of_the_market()
    assert {"orders", "fulfillment", "basket", "reviews", "catalog"} <= set(services) <= known


def test_a_product_that_is_added_while_the_books_are_read_is_no_orphan() -> None:
    old, new = Exports(ORDERS), Exports(ORDERS, participants=[*PARTICIPANTS, *NEW])
    added = False

    def read(service: str) -> str:
        nonlocal added
        if service == "fulfillment":
            time.sleep(0.05)
            added = True
        return (new if added else old)(service)

    assert audit.audit(read, overdue=1e12).faults == []


def test_clean_books_end_with_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(audit, "from_running_market", lambda: Exports(ORDERS))
    # the moving order of these books is as old as the books
    assert audit.main(["--overdue", "1e12"]) == audit.CLEAN
    said = capsys.readouterr().out
    assert "✓ The books are clean." in said
    assert "Mails:  13 sent, 1 skipped" in said
    assert "EUR due 45.00 · in the ledger 45.00 · at the processor 45.00" in said
    assert f"order {MOVING}: pending/authorizing" in said


def test_faults_end_with_1_and_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = [each for each in PARTICIPANTS if (each["kind"], each.get("order_id")) != ("payment", CONFIRMED)]
    monkeypatch.setattr(audit, "from_running_market", lambda: Exports(ORDERS, participants=broken))
    assert audit.main(["--json", "--overdue", "1e12"]) == audit.FAULTS
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["clean"] is False
    assert {
        "rule": "payment of a confirmed order",
        "subject": f"order {CONFIRMED}",
        "books": "orders / payments",
        "expected": "captured",
        "found": "absent",
    } in verdict["faults"]


def test_a_book_that_can_t_be_read_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreadable(service: str) -> str:
        raise UnreadableBookError(f"{service}: no such process")

    monkeypatch.setattr(audit, "from_running_market", lambda: unreadable)
    assert audit.main([]) == audit.UNREADABLE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "orders: no such process" in captured.err


def test_settled_waits_for_the_last_order() -> None:
    exports = Exports(ORDERS, ORDERS, AT_REST, participants=without_moving_stock())
    verdict = audit.settled_audit(exports, dict, within=30, overdue=1e12, pause=0)
    assert verdict.faults == []
    assert verdict.moving == []
    assert exports.asked.count("orders") == 6


def test_settled_waits_for_the_consumers() -> None:
    lags = iter([{"orders/shipping.parcel": 3}, {}, {}])
    exports = Exports(AT_REST, participants=without_moving_stock())
    assert audit.settled_audit(exports, lambda: next(lags), within=30, overdue=1e12, pause=0).faults == []
    assert exports.asked.count("orders") == 6


def test_what_was_read_before_the_last_event_was_handled_is_not_judged() -> None:
    """The stock record is written after fulfillment's books were read, and before its lag is asked for."""
    quiet = without_moving_stock()
    exports = Exports(AT_REST, participants=[*quiet, *NEW], at_first=[quiet])
    assert audit.settled_audit(exports, dict, within=30, overdue=1e12, pause=0).faults == []
    assert exports.asked.count("fulfillment") == 2


def test_settled_finds_a_product_without_stock_record() -> None:
    exports = Exports(AT_REST, participants=[*without_moving_stock(), NEW_PRODUCT])
    [fault] = audit.settled_audit(exports, dict, within=0, overdue=1e12, pause=0).faults
    assert (fault.rule, fault.subject) == ("product without stock record", "product product-new")


def test_a_product_that_is_added_at_the_last_moment_needs_no_stock_record_yet() -> None:
    quiet = without_moving_stock()
    old, new = Exports(AT_REST, participants=quiet), Exports(AT_REST, participants=[*quiet, NEW_PRODUCT])

    def read(service: str) -> str:
        return (new if service == "catalog" and "catalog" in old.asked else old)(service)

    assert audit.settled_audit(read, dict, within=0, overdue=1e12, pause=0).faults == []
    assert new.asked == ["catalog"]


def test_movement_between_the_two_quiet_readings_is_waited_for() -> None:
    """Quiet, an order in the second reading, then two quiet ones."""
    orders = [AT_REST] * 2 + [ORDERS] * 2 + [AT_REST] * 4
    moving = [PARTICIPANTS]
    quiet = without_moving_stock()
    exports = Exports(*orders, participants=quiet, at_first=[quiet, *moving])
    verdict = audit.settled_audit(exports, dict, within=30, overdue=1e12, pause=0)
    assert (verdict.faults, verdict.moving) == ([], [])
    assert exports.asked.count("orders") == 8


def test_movement_in_the_second_reading_is_a_fault_when_time_is_up() -> None:
    quiet = without_moving_stock()
    exports = Exports(AT_REST, AT_REST, ORDERS, participants=PARTICIPANTS, at_first=[quiet])
    [fault] = audit.settled_audit(exports, dict, within=0, overdue=1e12, pause=0).faults
    assert (fault.rule, fault.subject) == ("not settled within 0 s", f"order {MOVING}")


def test_parcels_that_go_on_in_each_reading_are_no_unrest_when_time_is_up() -> None:
    before = [each | {"status": "confirmed"} if each.get("id") == SHIPPED else each for each in AT_REST]
    exports = Exports(*[before, AT_REST] * 5, participants=without_moving_stock())
    verdict = audit.settled_audit(exports, dict, within=0, overdue=1e12, pause=0)
    assert verdict.faults == []
    assert [(each.id, each.by_parcels) for each in verdict.moving] == [(SHIPPED, True)]


def test_an_order_whose_saga_moves_in_each_reading_stays_unrest() -> None:
    before = [each | {"saga_state": "booking"} if each.get("id") == SHIPPED else each for each in AT_REST]
    exports = Exports(*[before, AT_REST] * 5, participants=without_moving_stock())
    [fault] = audit.settled_audit(exports, dict, within=0, overdue=1e12, pause=0).faults
    assert (fault.rule, fault.subject) == ("not settled within 0 s", f"order {SHIPPED}")


def with_one(changed: dict[str, Any], **known: Any) -> list[dict[str, Any]]:
    """The books at rest, one record of them not yet as it will be."""
    quiet = without_moving_stock()
    [found] = [each for each in quiet if known.items() <= each.items()]
    return [found | changed if each is found else each for each in quiet]


ON_THEIR_WAY = [
    with_one({"state": "pending"}, kind="mail_intent", cause=f"order:{CONFIRMED}"),
    with_one({"consumed": 9}, kind="insights_position", partition=0),
    with_one({"version": 2, "status": "pending"}, kind="tracked_order", order_id=CONFIRMED),
]


@pytest.mark.parametrize("unfinished", ON_THEIR_WAY, ids=["mail", "insights", "tracking"])
def test_settled_waits_for_those_who_tell_of_orders(unfinished: list[dict[str, Any]]) -> None:
    early = Exports(AT_REST, participants=unfinished)
    late = Exports(AT_REST, participants=without_moving_stock())

    def read(service: str) -> str:
        return (late if early.asked.count("orders") == 4 else early)(service)

    assert audit.settled_audit(read, dict, within=30, overdue=1e12, pause=0).faults == []
    assert late.asked.count("orders") == 4


@pytest.mark.parametrize("unfinished", ON_THEIR_WAY, ids=["mail", "insights", "tracking"])
def test_what_is_not_told_in_time_is_a_fault(unfinished: list[dict[str, Any]]) -> None:
    exports = Exports(AT_REST, participants=unfinished)
    [fault] = audit.settled_audit(exports, dict, within=0, overdue=1e12, pause=0).faults
    assert fault.rule == "not settled within 0 s"
    assert fault.subject in {
        f"mail order:{CONFIRMED} order_confirmed {SAM}", "partition orders.order/0", f"order {CONFIRMED}",
    }  # fmt: skip


def test_settled_waits_for_a_service_that_is_on_its_way_back() -> None:
    exports = Exports(AT_REST, participants=without_moving_stock())
    away = iter([True, False])

    def read(service: str) -> str:
        if service == "catalog" and next(away, False):
            raise UnreadableBookError("catalog: it starts")
        return exports(service)

    assert audit.settled_audit(read, dict, within=30, overdue=1e12, pause=0).faults == []
    away = iter([True])
    with pytest.raises(UnreadableBookError):
        audit.settled_audit(read, dict, within=0, overdue=1e12, pause=0)


def test_what_does_not_come_to_rest_in_time_is_a_fault() -> None:
    waiting = [{**each, "unsent": 7} if each.get("database") == "shipping" else each for each in PARTICIPANTS]
    exports = Exports(ORDERS, participants=waiting)
    lags = {"catalog/inventory.stock": 2}
    verdict = audit.settled_audit(exports, lambda: lags, within=0, overdue=1e12, pause=0)
    assert {(fault.rule, fault.subject, fault.found) for fault in verdict.faults} == {
        ("not settled within 0 s", "outbox shipping", "7 unsent"),
        ("not settled within 0 s", "consumer catalog/inventory.stock", "2 not handled"),
        ("not settled within 0 s", f"order {MOVING}", "pending/authorizing"),
    }


def test_of_a_traceback_the_error_s_line_is_told() -> None:
    traceback = (
        'python -m orders export ended with 1: Traceback:\n  File "x.py", line 1\n'
        "orders.storage.GoneError: no such table\n(Background: https://example.org)"
    )
    assert gist(RuntimeError(traceback)) == "orders.storage.GoneError: no such table"
    assert gist(RuntimeError("it is not\nrunning")) == "running"
    assert gist(TimeoutError()) == "TimeoutError"

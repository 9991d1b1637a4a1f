from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tools.books import UnreadableBookError, parse
from tools.records import MailIntent, Outbox, Position, Sale
from tools.tests.market import ORDERS, PARTICIPANTS, mail, order, position, sale


def lines(*records: dict[str, Any]) -> list[str]:
    return [json.dumps(record) for record in records]


def test_an_order_is_read_with_its_lines_and_its_time() -> None:
    [read] = parse("orders", lines(order("o-1", "confirmed", "completed"))).orders.values()
    assert (read.status, read.saga_state, read.total_minor) == ("confirmed", "completed", 1500)
    assert read.lines == {"product-tea": 2, "product-map": 1}
    assert read.updated_at == datetime(2026, 11, 21, 11, 59, 50, tzinfo=UTC)


def test_an_outbox_is_its_database_s_or_else_its_service_s() -> None:
    books = parse("orders", lines({"kind": "outbox", "unsent": 2, "oldest_age_seconds": None}))
    parse(
        "fulfillment",
        lines({"kind": "outbox", "database": "payments", "unsent": 0, "oldest_age_seconds": 0}),
        books,
    )
    assert books.outboxes == {"orders": Outbox("orders", 2, 0.0), "payments": Outbox("payments", 0, 0.0)}


def test_empty_lines_are_no_records() -> None:
    assert parse("orders", ["", "  "]).orders == {}


def test_what_insights_counts_is_kept_for_each_seller_and_partition() -> None:
    books = parse("insights", lines(sale("o-1", "s-1", 5), sale("o-1", "s-2", 7), position(3, 1, 4)))
    assert books.sales == {
        "o-1/s-1": Sale("o-1", "s-1", 5, "EUR", "counted"),
        "o-1/s-2": Sale("o-1", "s-2", 7, "EUR", "counted"),
    }
    assert books.positions == {"orders.order/3": Position("orders.order", 3, 1, 4)}
    assert books.services == {"insights"}
    with pytest.raises(UnreadableBookError, match="o-1/s-1 stands there twice"):
        parse("insights", lines(sale("o-1", "s-1", 5), sale("o-1", "s-1", 5)))


def test_a_mail_is_read_though_its_export_does_not_say_since_when_it_is_meant() -> None:
    record = mail("o-1", "shipped", "pending")
    [read] = parse("notifications", lines(record)).mails.values()
    assert read == MailIntent(
        id="order:o-1 order_shipped shopper-sam",
        cause="order:o-1",
        template="order_shipped",
        recipient="shopper-sam",
        order_id="o-1",
        state="pending",
        message_id="<order:o-1 order_shipped shopper-sam@bazaar.example>",
        attempts=1,
        created_at=datetime(2026, 11, 21, 11, 59, 50, tzinfo=UTC),
    )
    del record["created_at"]
    [read] = parse("notifications", lines(record)).mails.values()
    assert read.created_at is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 1 of its export"),
        ('{"kind": "surprise"}', "a kind that the audit does not know: surprise"),
        ('{"id": "o-1"}', "KeyError: 'kind'"),
        ('{"kind": "stock", "product_id": "p-1", "on_hand": 1}', "KeyError: 'reserved'"),
        ("[]", "TypeError"),
    ],
)
def test_what_is_not_understood_makes_the_book_unreadable(line: str, reason: str) -> None:
    with pytest.raises(UnreadableBookError, match="orders") as caught:
        parse("orders", [line])
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "record", [each for each in (*ORDERS, *PARTICIPANTS) if each["kind"] not in {"outbox", "ledger_balance"}]
)
def test_a_record_that_stands_there_twice_makes_the_book_unreadable(record: dict[str, Any]) -> None:
    with pytest.raises(UnreadableBookError, match="twice"):
        parse("any", lines(record, record))

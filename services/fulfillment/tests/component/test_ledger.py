"""The books refuse to be unbalanced, doubled or rewritten, whoever asks."""

from uuid import uuid4

import pytest
from fulfillment.payments import ledger
from fulfillment.payments.models import Entry, Posting
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

NAME = "payments"

type Database = sessionmaker[Session]


def balances(database: Database) -> dict[tuple[str, str], int]:
    with database() as session:
        found = session.execute(text("select account, currency, balance_minor from ledger_balance"))
        return {(row.account, row.currency): row.balance_minor for row in found}


def raw_posting(database: Database, *entries: tuple[str, str, int]) -> None:
    with database.begin() as session:
        posting = Posting(order_id=uuid4(), kind="captured")
        session.add(posting)
        session.flush()
        for account, currency, amount in entries:
            session.add(Entry(posting_id=posting.id, account=account, currency=currency, amount_minor=amount))


def test_a_sale_and_its_refund(database: Database) -> None:
    order_id = uuid4()
    for kind in ("authorized", "captured", "refunded"):
        with database.begin() as session:
            ledger.post(session, order_id, kind, 1234, "EUR")
    assert balances(database) == {
        ("customer_holds", "EUR"): 0,
        ("processor_holds", "EUR"): 0,
        ("processor_receivable", "EUR"): 0,
        ("refunds", "EUR"): 1234,
        ("sales_liability", "EUR"): -1234,
    }


def test_a_void_ends_the_hold(database: Database) -> None:
    order_id = uuid4()
    for kind in ("authorized", "voided"):
        with database.begin() as session:
            ledger.post(session, order_id, kind, 99, "EUR")
    assert set(balances(database).values()) == {0}


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param(
            [("processor_receivable", "EUR", 100), ("sales_liability", "EUR", -99)], id="off by one"
        ),
        pytest.param([("processor_receivable", "EUR", 100)], id="one-sided"),
        pytest.param([], id="empty"),
        pytest.param(
            [("processor_receivable", "EUR", 100), ("sales_liability", "CHF", -100)], id="two currencies"
        ),
    ],
)
def test_what_is_not_balanced_is_refused(database: Database, entries: list[tuple[str, str, int]]) -> None:
    with pytest.raises(DBAPIError, match="posting"):
        raw_posting(database, *entries)
    assert balances(database) == {}


def test_an_entry_added_later_is_refused(database: Database) -> None:
    with database.begin() as session:
        ledger.post(session, uuid4(), "captured", 5, "EUR")
    before = balances(database)
    with pytest.raises(DBAPIError, match="not balanced"), database.begin() as session:
        session.execute(
            text(
                "insert into entry (posting_id, account, currency, amount_minor)"
                " select id, 'refunds', 'EUR', 1 from posting"
            )
        )
    assert balances(database) == before


def test_nothing_is_captured_twice(database: Database) -> None:
    order_id = uuid4()
    with database.begin() as session:
        ledger.post(session, order_id, "captured", 5, "EUR")
    before = balances(database)
    with pytest.raises(DBAPIError), database.begin() as session:
        ledger.post(session, order_id, "captured", 5, "EUR")
    assert balances(database) == before


@pytest.mark.parametrize("table", ["posting", "entry"])
@pytest.mark.parametrize(
    "statement",
    ["delete from {}", "truncate {} cascade", "update {} set id = id + 1000"],
    ids=["delete", "truncate", "update"],
)
def test_the_past_stays(database: Database, table: str, statement: str) -> None:
    with database.begin() as session:
        ledger.post(session, uuid4(), "captured", 5, "EUR")
    before = balances(database)
    with pytest.raises(DBAPIError, match="append-only"), database.begin() as session:
        session.execute(text(statement.format(table)))
    assert balances(database) == before

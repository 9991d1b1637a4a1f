"""The rules of stock on a real PostgreSQL, with real concurrency."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from fulfillment.errors import InvalidRequest, OutOfStock, Refusal, StepWithdrawn, UnknownProduct
from fulfillment.inventory import stock
from fulfillment.inventory.models import Movement, Reservation, Stock
from fulfillment.steps import Step, take_once
from fulfillment.validation import Line
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

NAME = "inventory"

type Database = sessionmaker[Session]


def add(database: Database, pieces: int) -> UUID:
    product_id = uuid4()
    with database.begin() as session:
        stock.add_product(session, product_id)
        if pieces:
            stock.adjust(session, f"a:{product_id}", product_id, pieces, "test")
    return product_id


def reserve(database: Database, order_id: UUID, *lines: tuple[UUID, int]) -> dict[str, Any]:
    wanted = [Line(product_id, quantity) for product_id, quantity in lines]
    step = Step.asked(order_id, "reserve_stock", lines=wanted)
    return take_once(database, step, lambda session: stock.reserve(session, order_id, wanted))


def take(database: Database, name: str, order_id: UUID) -> dict[str, Any]:
    work = {"release_stock": stock.release, "commit_stock": stock.commit, "restock": stock.restock}[name]
    return take_once(database, Step.asked(order_id, name), lambda session: work(session, order_id))


def balance(database: Database, product_id: UUID) -> tuple[int, int]:
    """(on hand, reserved), after checking that the ledger says the same."""
    with database() as session:
        found = session.get_one(Stock, product_id)
        moved = session.scalars(select(Movement).where(Movement.product_id == product_id)).all()
        assert found.on_hand == sum(movement.on_hand_delta for movement in moved)
        assert found.reserved == sum(movement.reserved_delta for movement in moved)
        return found.on_hand, found.reserved


def events(database: Database, product_id: UUID) -> list[tuple[int, dict[str, Any]]]:
    with database() as session:
        found = session.execute(
            text("select envelope from outbox where topic = 'inventory.stock' and key = :key order by id"),
            {"key": str(product_id)},
        ).scalars()
        return [(envelope["aggregateversion"], envelope["data"]) for envelope in found]


def test_fifty_orders_for_the_last_ten_pieces(database: Database) -> None:
    product_id = add(database, 10)

    def attempt(_: int) -> str:
        try:
            return str(reserve(database, uuid4(), (product_id, 1))["state"])
        except OutOfStock:
            return "out of stock"

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(attempt, range(50)))

    assert outcomes.count("reserved") == 10
    assert outcomes.count("out of stock") == 40
    assert balance(database, product_id) == (10, 10)
    with database() as session:
        assert len(session.scalars(select(Reservation)).all()) == 10


def test_the_same_products_in_another_order_do_not_deadlock(database: Database) -> None:
    products = [add(database, 100) for _ in range(5)]

    def attempt(turn: int) -> str:
        ordered = products if turn % 2 else products[::-1]
        return str(reserve(database, uuid4(), *((product_id, 1) for product_id in ordered))["state"])

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(attempt, range(40))) == {"reserved"}
    assert {balance(database, product_id) for product_id in products} == {(100, 40)}


def test_every_line_or_none(database: Database) -> None:
    plenty, scarce, order_id = add(database, 10), add(database, 1), uuid4()
    before = events(database, plenty)

    with pytest.raises(OutOfStock) as refused:
        reserve(database, order_id, (plenty, 3), (scarce, 2))

    assert refused.value.detail == {"lines": [{"product_id": str(scarce), "requested": 2, "available": 1}]}
    assert balance(database, plenty) == (10, 0)
    assert balance(database, scarce) == (1, 0)
    assert events(database, plenty) == before


def test_an_unknown_product_is_named(database: Database) -> None:
    known, unknown = add(database, 10), uuid4()
    with pytest.raises(UnknownProduct) as refused:
        reserve(database, uuid4(), (known, 1), (unknown, 1))
    assert refused.value.detail == {"product_ids": [str(unknown)]}
    assert balance(database, known) == (10, 0)


def test_a_reply_is_given_again_and_has_one_effect(database: Database) -> None:
    product_id, order_id = add(database, 10), uuid4()
    first = reserve(database, order_id, (product_id, 4))
    assert (
        reserve(database, order_id, (product_id, 4))
        == first
        == {"order_id": str(order_id), "state": "reserved"}
    )
    assert balance(database, product_id) == (10, 4)


def test_a_refusal_is_given_again_even_when_stock_has_come(database: Database) -> None:
    product_id, order_id = add(database, 1), uuid4()
    with pytest.raises(OutOfStock) as first:
        reserve(database, order_id, (product_id, 2))
    with database.begin() as session:
        stock.adjust(session, "more", product_id, 10, "delivery")
    with pytest.raises(OutOfStock) as second:
        reserve(database, order_id, (product_id, 2))
    assert first.value.detail == second.value.detail
    assert balance(database, product_id) == (11, 0)


def test_the_same_step_twice_at_once_has_one_effect(database: Database) -> None:
    product_id, order_id = add(database, 10), uuid4()
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda _: reserve(database, order_id, (product_id, 2)), range(10)))
    assert all(reply == replies[0] for reply in replies)
    assert balance(database, product_id) == (10, 2)


def test_a_step_asked_differently_is_refused(database: Database) -> None:
    product_id, order_id = add(database, 10), uuid4()
    reserve(database, order_id, (product_id, 2))
    with pytest.raises(InvalidRequest):
        reserve(database, order_id, (product_id, 3))
    assert balance(database, product_id) == (10, 2)


def test_a_release_before_the_reserve_refuses_it_for_ever(database: Database) -> None:
    product_id, order_id = add(database, 10), uuid4()
    assert take(database, "release_stock", order_id) == {"state": "released"}
    for _ in range(2):
        with pytest.raises(StepWithdrawn) as late:
            reserve(database, order_id, (product_id, 1))
        assert late.value.detail == {"step": "reserve_stock"}
    assert balance(database, product_id) == (10, 0)
    assert [version for version, _ in events(database, product_id)] == [1, 2]


def test_reserve_and_release_at_once_leave_nothing_reserved(database: Database) -> None:
    product_id = add(database, 100)
    orders = [uuid4() for _ in range(20)]

    def race(turn: int) -> None:
        order_id = orders[turn // 2]
        try:
            if turn % 2:
                take(database, "release_stock", order_id)
            else:
                reserve(database, order_id, (product_id, 1))
        except StepWithdrawn:
            return

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(race, range(40)))
    assert balance(database, product_id) == (100, 0)


def test_commit_then_restock(database: Database) -> None:
    product_id, order_id = add(database, 10), uuid4()
    reserve(database, order_id, (product_id, 3))
    assert take(database, "commit_stock", order_id) == {"state": "committed"}
    assert balance(database, product_id) == (7, 0)
    assert take(database, "commit_stock", order_id) == {"state": "committed"}
    assert balance(database, product_id) == (7, 0)
    with pytest.raises(InvalidRequest):
        take(database, "release_stock", order_id)
    assert take(database, "restock", order_id) == {"state": "restocked"}
    assert take(database, "restock", order_id) == {"state": "restocked"}
    assert balance(database, product_id) == (10, 0)


def test_a_restock_of_what_was_not_sold_yet_gives_back_the_reservation(database: Database) -> None:
    product_id, order_id = add(database, 10), uuid4()
    reserve(database, order_id, (product_id, 3))
    assert take(database, "restock", order_id) == {"state": "restocked"}
    assert balance(database, product_id) == (10, 0)
    with pytest.raises(StepWithdrawn):
        take(database, "commit_stock", order_id)


def test_commit_without_a_reservation_is_the_callers_mistake_and_not_remembered(database: Database) -> None:
    product_id, order_id = add(database, 10), uuid4()
    with pytest.raises(InvalidRequest):
        take(database, "commit_stock", order_id)
    reserve(database, order_id, (product_id, 1))
    assert take(database, "commit_stock", order_id) == {"state": "committed"}


def test_an_adjustment_counts_once(database: Database) -> None:
    product_id = add(database, 10)

    def adjust(delta: int, adjustment_id: str = "x") -> dict[str, Any]:
        with database.begin() as session:
            return stock.adjust(session, adjustment_id, product_id, delta, "count")

    assert adjust(5) == adjust(5)
    assert balance(database, product_id) == (15, 0)
    with pytest.raises(InvalidRequest):
        adjust(6)
    with pytest.raises(OutOfStock):
        adjust(-16, "y")
    assert adjust(-15, "z")["delta"] == -15
    assert balance(database, product_id) == (0, 0)


def test_what_is_reserved_cannot_be_adjusted_away(database: Database) -> None:
    product_id = add(database, 10)
    reserve(database, uuid4(), (product_id, 8))
    with pytest.raises(OutOfStock), database.begin() as session:
        stock.adjust(session, "broken", product_id, -3, "breakage")
    assert balance(database, product_id) == (10, 8)


def test_each_change_is_an_event_with_the_next_version(database: Database) -> None:
    product_id, order_id = add(database, 10), uuid4()
    reserve(database, order_id, (product_id, 3))
    take(database, "commit_stock", order_id)

    def state(on_hand: int, reserved: int) -> dict[str, Any]:
        return {
            "product_id": str(product_id),
            "on_hand": on_hand,
            "reserved": reserved,
            "available": on_hand - reserved,
        }

    assert events(database, product_id) == [
        (1, state(0, 0)),
        (2, state(10, 0)),
        (3, state(10, 3)),
        (4, state(7, 0)),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "update stock set on_hand = -1",
        "update stock set reserved = -1",
        "update stock set reserved = on_hand + 1",
        "update stock_movement set on_hand_delta = 1000",
        "delete from stock_movement",
        "truncate stock_movement",
    ],
)
def test_the_database_itself_refuses(database: Database, statement: str) -> None:
    product_id = add(database, 10)
    with pytest.raises(DBAPIError), database.begin() as session:
        session.execute(text(statement))
    assert balance(database, product_id) == (10, 0)


def test_refusals_are_refusals() -> None:
    assert {error.__name__ for error in Refusal.registry.values()} >= {"OutOfStock", "StepWithdrawn"}

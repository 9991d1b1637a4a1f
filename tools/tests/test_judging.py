"""Every kind of damage is named; clean books are not."""

# ruff: noqa: E501 - a table is read by its columns

from __future__ import annotations

from typing import Any

import pytest

from tools.combinations import ALLOWED
from tools.tests.market import (
    ADA,
    CLOSED,
    CONFIRMED,
    DECLINED,
    DELIVERED,
    GUESTS,
    KEPT,
    MAP,
    MOVED_ON,
    MOVING,
    NO_STOCK,
    ORDERS,
    REFUNDED,
    SHIPPED,
    TEA,
    VOIDED,
    Market,
    ago,
    basket,
    charge,
    order,
    parcel,
    payment,
    reservation,
    review,
    stock,
)

BOUGHT = (CONFIRMED, SHIPPED, DELIVERED)
RESTING = {record["id"] for record in ORDERS if record["kind"] == "order"} - {MOVING}


@pytest.fixture
def market() -> Market:
    return Market()


def test_clean_books_have_no_faults(market: Market) -> None:
    verdict = market.judged()
    assert verdict.faults == []
    assert [each.id for each in verdict.moving] == [MOVING]
    assert verdict.judged == len(RESTING)
    assert verdict.totals.due == verdict.totals.ledger == verdict.totals.processor == {"EUR": 4500}
    assert market.judged(announced={TEA, MAP}).faults == []


def test_every_row_of_the_table_is_exercised() -> None:
    seen = {(record["status"], record["saga_state"]) for record in ORDERS if record.get("id") in RESTING}
    assert seen == set(ALLOWED)


# --- one field at a time --------------------------------------------------------------------------

DAMAGES: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, str]]] = [
    ("order", {"id": CONFIRMED}, {"status": "delivered"}, ("parcels of a delivered order", f"order {CONFIRMED}")),
    ("order", {"id": CONFIRMED}, {"status": "shipped"}, ("order ahead of its parcels", f"order {CONFIRMED}")),
    ("order", {"id": CONFIRMED}, {"status": "pending"}, ("status and saga don't go together", f"order {CONFIRMED}")),
    ("order", {"id": CONFIRMED}, {"status": "refunding"}, ("status and saga don't go together", f"order {CONFIRMED}")),
    ("order", {"id": DELIVERED}, {"total_minor": 1499}, ("captured", f"order {DELIVERED}")),
    ("order", {"id": DELIVERED}, {"total_minor": 1499}, ("captured − refunded = due", "currency EUR")),
    ("order", {"id": DELIVERED}, {"currency": "USD"}, ("currency of the payment", f"order {DELIVERED}")),
    ("order", {"id": DELIVERED}, {"currency": "USD"}, ("currency of the charge", f"order {DELIVERED}")),
    ("order", {"id": NO_STOCK}, {"reason": None}, ("ended without a reason", f"order {NO_STOCK}")),
    ("order", {"id": SHIPPED}, {"lines": [{"product_id": TEA, "quantity": 2}]}, ("lines of the reservation", f"order {SHIPPED}")),
    ("reservation", {"order_id": CONFIRMED}, {"state": "reserved"}, ("reservation of a confirmed order", f"order {CONFIRMED}")),
    ("reservation", {"order_id": CONFIRMED}, {"state": "reserved"}, ("sold = committed reservations", f"product {TEA}")),
    ("reservation", {"order_id": DECLINED}, {"state": "reserved"}, ("reservation of a cancelled order", f"order {DECLINED}")),
    ("reservation", {"order_id": DECLINED}, {"state": "reserved"}, ("reserved = open reservations", f"product {MAP}")),
    ("reservation", {"order_id": REFUNDED}, {"state": "committed"}, ("reservation of a refunded order", f"order {REFUNDED}")),
    ("reservation", {"order_id": REFUNDED}, {"state": "committed"}, ("restocked", f"product {TEA}")),
    ("payment", {"order_id": DECLINED}, {"state": "authorized"}, ("payment of a cancelled order", f"order {DECLINED}")),
    ("payment", {"order_id": CONFIRMED}, {"captured_minor": 3000}, ("captured", f"order {CONFIRMED}")),
    ("payment", {"order_id": CONFIRMED}, {"captured_minor": 0}, ("captured at the processor", f"order {CONFIRMED}")),
    ("payment", {"order_id": CONFIRMED}, {"captured_minor": 0}, ("balance of sales_liability", "currency EUR")),
    ("payment", {"order_id": CONFIRMED}, {"authorized_minor": 900}, ("authorized", f"order {CONFIRMED}")),
    ("payment", {"order_id": CONFIRMED}, {"voided": True}, ("voided mark", f"order {CONFIRMED}")),
    ("payment", {"order_id": CONFIRMED}, {"state": "refunded"}, ("payment of a confirmed order", f"order {CONFIRMED}")),
    ("payment", {"order_id": REFUNDED}, {"refunded_minor": 0}, ("refunded", f"order {REFUNDED}")),
    ("payment", {"order_id": REFUNDED}, {"refunded_minor": 0}, ("balance of refunds", "currency EUR")),
    ("payment", {"order_id": REFUNDED}, {"refunded_minor": 1400}, ("captured − refunded = due", "currency EUR")),
    ("processor_charge", {"order_id": CONFIRMED}, {"captures": 2}, ("captured more than once", f"order {CONFIRMED}")),
    ("processor_charge", {"order_id": MOVING}, {"captures": 2}, ("captured more than once", f"order {MOVING}")),
    ("processor_charge", {"order_id": CONFIRMED}, {"captures": 0}, ("captures at the processor", f"order {CONFIRMED}")),
    ("processor_charge", {"order_id": CONFIRMED}, {"captured_minor": 3000}, ("captured at the processor", f"order {CONFIRMED}")),
    ("processor_charge", {"order_id": DECLINED}, {"captures": 1, "captured_minor": 1500}, ("captures at the processor", f"order {DECLINED}")),
    ("processor_charge", {"order_id": REFUNDED}, {"refunded_minor": 0}, ("refunded at the processor", f"order {REFUNDED}")),
    ("processor_charge", {"order_id": REFUNDED}, {"refunded_minor": 3000}, ("refunded more than captured", f"order {REFUNDED}")),
    ("processor_charge", {"order_id": VOIDED}, {"voided": False}, ("hold at the processor", f"order {VOIDED}")),
    ("processor_charge", {"order_id": DECLINED}, {"held_minor": 1500}, ("live hold at the processor", f"order {DECLINED}")),
    ("processor_charge", {"order_id": VOIDED}, {"held_minor": 1500}, ("live hold at the processor", f"order {VOIDED}")),
    ("processor_charge", {"order_id": CONFIRMED}, {"held_minor": 1500}, ("live hold at the processor", f"order {CONFIRMED}")),
    ("processor_charge", {"order_id": REFUNDED}, {"held_minor": 1500}, ("live hold at the processor", f"order {REFUNDED}")),
    ("processor_charge", {"order_id": DELIVERED}, {"voided": True}, ("voided and captured", f"order {DELIVERED}")),
    ("parcel", {"parcel_id": f"{CONFIRMED}-1"}, {"status": "withdrawn"}, ("parcels of a confirmed order", f"order {CONFIRMED}")),
    ("parcel", {"parcel_id": f"{REFUNDED}-1"}, {"status": "in_transit"}, ("parcels of a refunded order", f"order {REFUNDED}")),
    ("parcel", {"parcel_id": f"{DELIVERED}-1"}, {"status": "in_transit"}, ("parcels of a delivered order", f"order {DELIVERED}")),
    ("parcel", {"parcel_id": f"{SHIPPED}-1"}, {"status": "booked"}, ("order ahead of its parcels", f"order {SHIPPED}")),
    ("stock", {"product_id": TEA}, {"on_hand": 41}, ("on hand = adjusted + restocked − sold", f"product {TEA}")),
    ("stock", {"product_id": TEA}, {"reserved": 0}, ("reserved = open reservations", f"product {TEA}")),
    ("stock", {"product_id": TEA}, {"sold": 7, "on_hand": 43}, ("sold = committed reservations", f"product {TEA}")),
    ("stock", {"product_id": TEA}, {"adjusted": -3, "on_hand": -9}, ("on hand below zero", f"product {TEA}")),
    ("stock", {"product_id": MAP}, {"adjusted": 3, "on_hand": 0}, ("available below zero", f"product {MAP}")),
    ("stock", {"product_id": MAP}, {"reserved": -1}, ("reserved below zero", f"product {MAP}")),
    ("ledger_balance", {"account": "refunds"}, {"balance_minor": 1400}, ("sum of all accounts", "currency EUR")),
    ("ledger_balance", {"account": "refunds"}, {"balance_minor": 1400}, ("balance of refunds", "currency EUR")),
    ("ledger_balance", {"account": "refunds"}, {"account": "pocket"}, ("unknown account", "account pocket")),
    ("basket", {"id": CLOSED}, {"order_id": None}, ("orphan basket", f"basket {CLOSED}")),
    ("basket", {"id": CLOSED}, {"order_id": "o-nobody"}, ("orphan basket", f"basket {CLOSED}")),
    ("basket", {"id": CLOSED}, {"order_id": DELIVERED}, ("closed by an order of something else", f"basket {CLOSED}")),
    ("basket", {"id": GUESTS}, {"status": "checked_out", "order_id": SHIPPED}, ("closed by an order of something else", f"basket {GUESTS}")),
    ("basket", {"id": KEPT}, {"status": "checked_out", "order_id": VOIDED}, ("closed by an order that is not bought", f"basket {KEPT}")),
    ("basket", {"id": KEPT}, {"status": "checked_out", "order_id": MOVING}, ("closed by an order that is not bought", f"basket {KEPT}")),
    ("basket", {"id": MOVED_ON}, {"version": 6}, ("basket behind its order", f"order {SHIPPED}")),
    ("order", {"id": DELIVERED}, {"basket_id": CLOSED, "basket_version": 4}, ("ordered more than once", f"basket {CLOSED}")),
    ("review", {"id": "r-received"}, {"order_id": "o-nobody"}, ("orphan review", "review r-received")),
    ("review", {"id": "r-received"}, {"order_id": SHIPPED}, ("review of what was not delivered", "review r-received")),
    ("review", {"id": "r-received"}, {"shopper_id": ADA}, ("review by another", "review r-received")),
    ("review", {"id": "r-received"}, {"product_id": "product-other"}, ("review of what was not bought", "review r-received")),
    ("review", {"id": "r-received"}, {"product_id": "product-other"}, ("rated = published reviews", "product product-other")),
    ("review", {"id": "r-received"}, {"rating": 4}, ("stars of published reviews", f"product {TEA}")),
    ("review", {"id": "r-hidden"}, {"status": "published"}, ("rated = published reviews", f"product {TEA}")),
    ("rating_summary", {"product_id": TEA}, {"count": 3}, ("rated = published reviews", f"product {TEA}")),
    ("rating_summary", {"product_id": TEA}, {"sum": 10}, ("stars of published reviews", f"product {TEA}")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "known", "values", "named"), DAMAGES)
def test_a_changed_field_is_named(
    market: Market, kind: str, known: dict[str, Any], values: dict[str, Any], named: tuple[str, str]
) -> None:
    market.change(kind, known, **values)
    assert named in market.found()


def test_a_fault_names_the_books_and_both_figures(market: Market) -> None:
    market.change("processor_charge", {"order_id": DELIVERED}, captured_minor=2000)
    assert [str(fault) for fault in market.judged().faults] == [
        f"order {DELIVERED}: captured at the processor (payments / processor): expected 1500, found 2000",
        "currency EUR: captured − refunded = due (orders / processor): expected 4500, found 5000",
    ]


@pytest.mark.parametrize("order_id", BOUGHT)
@pytest.mark.parametrize("kind", ["reservation", "payment", "processor_charge"])
def test_a_bought_order_with_a_lost_record_is_named(market: Market, kind: str, order_id: str) -> None:
    market.remove(kind, order_id=order_id)
    assert f"order {order_id}" in {fault.subject for fault in market.judged().faults}


def test_a_lost_basket_is_named(market: Market) -> None:
    market.remove("basket", id=CLOSED)
    assert market.found() == {("order without its basket", f"order {CONFIRMED}")}


def test_a_lost_summary_is_named(market: Market) -> None:
    market.remove("rating_summary", product_id=TEA)
    assert {fault.rule for fault in market.judged().faults} == {
        "rated = published reviews", "stars of published reviews",
    }  # fmt: skip


def test_lost_parcels_are_named(market: Market) -> None:
    market.remove("parcel", parcel_id=f"{DELIVERED}-1")
    assert market.found() == {("parcels of a delivered order", f"order {DELIVERED}")}


def test_a_lost_stock_record_is_named(market: Market) -> None:
    market.remove("stock", product_id=TEA)
    assert market.found() == {("reservation without stock record", f"product {TEA}")}


# --- what belongs to nobody -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (reservation("o-nobody", "released"), "orphan reservation"),
        (payment("o-nobody", "declined", authorized=0), "orphan payment"),
        (charge("o-nobody"), "orphan charge"),
        (parcel("o-nobody", 1, "booked"), "orphan parcel"),
    ],
)
def test_a_record_without_its_order_is_named(market: Market, record: dict[str, Any], rule: str) -> None:
    market.participants.append(record)
    assert market.found() == {(rule, "order o-nobody")}


@pytest.mark.parametrize(
    ("record", "named"),
    [
        (basket("b-nobody", 2, "checked_out", "o-nobody"), ("orphan basket", "basket b-nobody")),
        (review("r-nobody", 5, "o-nobody", status="deleted"), ("orphan review", "review r-nobody")),
    ],
)
def test_what_names_an_order_that_is_not_there_is_named(
    market: Market, record: dict[str, Any], named: tuple[str, str]
) -> None:
    market.participants.append(record)
    assert market.found() == {named}


def test_an_order_that_vanished_is_named(market: Market) -> None:
    market.after = [record for record in market.after if record.get("id") != NO_STOCK]
    assert ("order that vanished", f"order {NO_STOCK}") in market.found()


def test_a_stock_record_without_its_product_is_named(market: Market) -> None:
    market.participants.append(stock("product-nobody", 5, 0, 0, 0))
    assert market.found() == {("orphan stock record", "product product-nobody")}


def test_a_product_without_stock_record_is_a_fault_once_its_event_must_have_arrived(market: Market) -> None:
    market.participants.append({"kind": "product", "id": "product-new", "status": "active"})
    assert market.judged().faults == []
    [fault] = market.judged(announced={TEA, "product-new"}).faults
    assert (fault.rule, fault.subject) == ("product without stock record", "product product-new")


@pytest.mark.parametrize("id_", [CONFIRMED, VOIDED])
def test_an_order_without_a_saga_is_named_at_once(market: Market, id_: str) -> None:
    market.change("order", {"id": id_}, saga_state=None)
    verdict = market.judged()
    assert ("order without a saga", f"order {id_}") in market.found()
    assert [each.id for each in verdict.moving] == [MOVING]


def test_an_order_that_lost_its_saga_while_the_books_were_read_is_named(market: Market) -> None:
    [late] = [record for record in market.after if record.get("id") == MOVING]
    late["saga_state"] = None
    assert ("order without a saga", f"order {MOVING}") in market.found()


def test_a_hold_that_the_ledger_never_booked_is_named(market: Market) -> None:
    """Nobody knows of it but the processor, and the shopper whose money it is."""
    market.remove("payment", order_id=DECLINED)
    market.change("processor_charge", {"order_id": DECLINED}, held_minor=1500)
    [fault] = market.judged().faults
    assert (fault.rule, fault.subject) == ("live hold at the processor", f"order {DECLINED}")
    assert (fault.expected, fault.found) == ("0", "1500")


# --- what moves -----------------------------------------------------------------------------------


def test_an_order_that_changed_between_the_readings_is_not_judged(market: Market) -> None:
    market.remove("reservation", order_id=MOVING)
    market.remove("parcel", parcel_id=f"{DELIVERED}-1")
    [late] = [record for record in market.after if record.get("id") == DELIVERED]
    late["version"] += 1
    verdict = market.judged()
    assert {each.id for each in verdict.moving} == {MOVING, DELIVERED}
    assert not any(DELIVERED in fault.subject for fault in verdict.faults)
    assert verdict.totals.due["EUR"] == verdict.totals.processor["EUR"] == 3000


def test_an_order_placed_while_the_books_were_read_is_moving(market: Market) -> None:
    market.after.append(order("o-new", "pending", "reserving", age=0))
    verdict = market.judged()
    assert {each.id for each in verdict.moving} == {MOVING, "o-new"}
    assert verdict.faults == []


def test_an_order_that_moves_for_too_long_is_named(market: Market) -> None:
    market.change("order", {"id": MOVING}, updated_at="2026-11-21T11:50:00Z")
    [fault] = market.judged().faults
    assert (fault.rule, fault.subject) == ("moving for too long", f"order {MOVING}")
    assert fault.found == "pending/authorizing, 600 s"


def test_a_resting_order_may_be_old(market: Market) -> None:
    market.change("order", {"id": DELIVERED}, updated_at="2020-01-01T00:00:00Z")
    assert market.judged().faults == []


def test_news_of_a_parcel_may_be_on_its_way(market: Market) -> None:
    market.change("parcel", {"parcel_id": f"{CONFIRMED}-1"}, status="in_transit")
    verdict = market.judged()
    assert verdict.faults == []
    assert {each.id for each in verdict.moving} == {MOVING, CONFIRMED}


@pytest.mark.parametrize(
    ("order_id", "moves", "seconds"),
    [
        # the first that left is the news
        (CONFIRMED, {1: ("in_transit", 400), 2: ("booked", 900)}, 400),
        (CONFIRMED, {1: ("delivered", 400), 2: ("in_transit", 5)}, 400),
        # the last that arrived is
        (SHIPPED, {1: ("delivered", 900), 2: ("delivered", 400)}, 400),
    ],
)
def test_news_that_never_come_are_named(
    market: Market, order_id: str, moves: dict[int, tuple[str, int]], seconds: int
) -> None:
    for number, (status, age) in moves.items():
        known = {"parcel_id": f"{order_id}-{number}"}
        market.change("parcel", known, status=status, updated_at=ago(age))
    [fault] = market.judged(overdue=seconds - 1).faults
    assert (fault.rule, fault.subject) == ("moving for too long", f"order {order_id}")
    assert fault.found.endswith(f"the news is on its way, {seconds} s")
    assert market.judged(overdue=seconds).faults == []


def test_the_news_of_an_order_may_be_on_its_way_to_its_basket(market: Market) -> None:
    market.change("basket", {"id": CLOSED}, status="open", version=4, order_id=None)
    verdict = market.judged(overdue=10)
    assert verdict.faults == []
    assert {each.id for each in verdict.moving} == {MOVING, CONFIRMED}
    [fault] = market.judged(overdue=9).faults
    assert (fault.rule, fault.subject) == ("moving for too long", f"order {CONFIRMED}")
    assert fault.found == "confirmed, its basket is open: the news is on its way, 10 s"


def test_a_basket_that_moved_on_is_waited_for_as_well(market: Market) -> None:
    market.change("basket", {"id": MOVED_ON}, status="open", version=8, order_id=None)
    assert SHIPPED in {each.id for each in market.judged().moving}


def test_a_cancelled_order_leaves_its_basket_as_it_is(market: Market) -> None:
    """Emptied, bought by the next order, or still as it was."""
    for changed in ({"version": 2}, {"version": 9}, {"version": 3, "status": "merged"}):
        market.change("basket", {"id": KEPT}, **changed)
        assert market.found() == set()


def test_a_basket_that_was_made_and_ordered_while_the_books_were_read_is_no_fault(market: Market) -> None:
    market.after.append(order("o-new", "pending", "reserving", age=0, basket=("b-new", 1)))
    assert market.judged().faults == []


@pytest.mark.parametrize("database", ["inventory", "payments", "shipping", "basket", "test"])
def test_events_that_wait_for_too_long_are_named(market: Market, database: str) -> None:
    """The exports of catalog and orders name no database: it is their service's."""
    for records in (market.before, market.participants, market.after):
        for record in records:
            if record["kind"] == "outbox" and record.get("database", "test") == database:
                record.update(unsent=7, oldest_age_seconds=181)
    [fault] = market.judged().faults
    assert str(fault) == (
        f"outbox {database}: events wait for too long ({database}): "
        "expected sent, found 7 unsent, the oldest for 181 s"
    )
    assert market.judged(overdue=181).faults == []


def test_an_order_that_waits_for_news_is_judged_all_the_same(market: Market) -> None:
    market.change("parcel", {"parcel_id": f"{CONFIRMED}-1"}, status="in_transit")
    market.change("processor_charge", {"order_id": CONFIRMED}, captures=0, captured_minor=0)
    assert ("captures at the processor", f"order {CONFIRMED}") in market.found()


def test_a_hold_of_unknown_outcome_may_never_have_been_booked(market: Market) -> None:
    """The processor never heard of it, or declined it late: no entry in the ledger, nothing to void."""
    market.change("payment", {"order_id": VOIDED}, authorized_minor=0)
    market.change("processor_charge", {"order_id": VOIDED}, voided=False)
    assert market.found() == set()

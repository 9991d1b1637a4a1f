"""Parcels on a real PostgreSQL; and the clock as it runs in the service."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fulfillment.errors import AddressRejected, ParcelLeft, StepWithdrawn
from fulfillment.shipping import addresses, parcels
from fulfillment.shipping.addresses import parse_address
from fulfillment.shipping.models import Parcel
from fulfillment.shipping.service import ShippingService
from fulfillment.steps import Step, take_once
from fulfillment.validation import SellerLine
from nameko.testing.services import worker_factory
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session, sessionmaker
from support.rpc import RemoteError, Rpc

from bazaar_shared.testing import eventually
from component.helpers import rows

NAME = "shipping"
ADDRESS = {
    "name": "Ada",
    "line1": "Unter den Linden 1",
    "postal_code": "10117",
    "city": "Berlin",
    "country": "DE",
}
NOW, LATER = timedelta(0), timedelta(hours=1)

type Database = sessionmaker[Session]


def book(
    database: Database, order_id: UUID, sellers: list[UUID], departs_in: timedelta = LATER
) -> dict[str, Any]:
    lines = [SellerLine(uuid4(), seller, 1) for seller in sellers]
    step = Step.asked(order_id, "book_parcels", sellers=sellers)
    to = parse_address(ADDRESS)
    return take_once(database, step, lambda s: parcels.book(s, order_id, to, lines, departs_in=departs_in))


def withdraw(database: Database, order_id: UUID) -> dict[str, Any]:
    step = Step.asked(order_id, "withdraw_parcels")
    return take_once(database, step, lambda session: parcels.withdraw_all(session, order_id))


def statuses(database: Database, order_id: UUID) -> list[str]:
    with database() as session:
        return list(session.scalars(select(Parcel.status).where(Parcel.order_id == order_id)))


def facts(database: Database) -> dict[str, list[tuple[int, str]]]:
    with database() as session:
        found: dict[str, list[tuple[int, str]]] = {}
        for envelope in session.execute(text("select envelope from outbox order by id")).scalars():
            kind = envelope["type"].removeprefix("bazaar.shipping.parcel.").removesuffix(".v1")
            assert envelope["data"]["status"] == kind
            assert set(envelope["data"]) == {"parcel_id", "order_id", "seller_id", "status", "tracking_code"}
            found.setdefault(envelope["subject"], []).append((envelope["aggregateversion"], kind))
        return found


def move(database: Database, transit: timedelta = NOW) -> int:
    with database.begin() as session:
        return parcels.move_batch(session, transit=transit)


def clock(database: Database, tick: float) -> ShippingService:
    return worker_factory(ShippingService, database=database, transit_seconds=3600, interval_seconds=tick)


def test_one_parcel_for_each_seller_once(database: Database) -> None:
    order_id, sellers = uuid4(), [uuid4(), uuid4()]
    first = book(database, order_id, [*sellers, sellers[0]])
    assert book(database, order_id, [*sellers, sellers[0]]) == first
    assert {parcel["seller_id"] for parcel in first["parcels"]} == {str(seller) for seller in sellers}
    assert statuses(database, order_id) == ["booked", "booked"]
    assert sorted(facts(database).values()) == [[(1, "booked")], [(1, "booked")]]


def test_withdrawn_before_it_left(database: Database) -> None:
    order_id = uuid4()
    book(database, order_id, [uuid4()])
    assert withdraw(database, order_id) == {"state": "withdrawn"}
    assert withdraw(database, order_id) == {"state": "withdrawn"}
    assert move(database) == 0
    assert statuses(database, order_id) == ["withdrawn"]
    assert list(facts(database).values()) == [[(1, "booked"), (2, "withdrawn")]]


def test_a_withdrawal_before_the_booking_refuses_it(database: Database) -> None:
    order_id = uuid4()
    assert withdraw(database, order_id) == {"state": "withdrawn"}
    with pytest.raises(StepWithdrawn):
        book(database, order_id, [uuid4()])
    assert statuses(database, order_id) == []
    assert facts(database) == {}


def test_one_parcel_that_left_keeps_all(database: Database) -> None:
    order_id = uuid4()
    booked = book(database, order_id, [uuid4(), uuid4()])
    left = booked["parcels"][0]["parcel_id"]
    with database.begin() as session:
        session.get_one(Parcel, UUID(left)).status = "in_transit"
    for _ in range(2):
        with pytest.raises(ParcelLeft) as refused:
            withdraw(database, order_id)
        assert refused.value.detail == {"parcel_ids": [left]}
    assert sorted(statuses(database, order_id)) == ["booked", "in_transit"]


def test_two_clocks_at_once_move_each_parcel_once(database: Database) -> None:
    orders = [uuid4() for _ in range(60)]
    for order_id in orders:
        book(database, order_id, [uuid4()], departs_in=NOW)
    with ThreadPoolExecutor(8) as pool:
        moved = sum(pool.map(lambda _: move(database, LATER), range(16)))
    assert moved == 60
    assert {status for order_id in orders for status in statuses(database, order_id)} == {"in_transit"}
    assert {tuple(history) for history in facts(database).values()} == {((1, "booked"), (2, "in_transit"))}


def test_one_tick_moves_all_that_are_due(database: Database) -> None:
    due, tick = 2 * parcels.MOVE_AT_ONCE + 7, timedelta(hours=1).total_seconds()
    book(database, uuid4(), [uuid4() for _ in range(due)], departs_in=NOW)
    assert clock(database, tick).move_parcels_on() == due
    assert clock(database, tick).move_parcels_on() == 0
    assert {tuple(history) for history in facts(database).values()} == {((1, "booked"), (2, "in_transit"))}


def test_a_tick_whose_time_is_up_begins_no_other_batch(database: Database) -> None:
    book(database, uuid4(), [uuid4() for _ in range(parcels.MOVE_AT_ONCE + 7)], departs_in=NOW)
    assert clock(database, 0).move_parcels_on() == parcels.MOVE_AT_ONCE
    assert clock(database, 0).move_parcels_on() == 7


def test_two_ticks_at_once_move_each_parcel_once(database: Database) -> None:
    due = 4 * parcels.MOVE_AT_ONCE
    book(database, uuid4(), [uuid4() for _ in range(due)], departs_in=NOW)
    with ThreadPoolExecutor(2) as pool:
        moved = sum(pool.map(lambda _: clock(database, 60).move_parcels_on(), range(2)))
    assert moved == due
    assert {tuple(history) for history in facts(database).values()} == {((1, "booked"), (2, "in_transit"))}


def test_parcels_whose_ids_end_alike_are_both_booked(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A code that were only the end of the id would refuse the second booking for ever."""
    ids = iter((UUID(int=10**12 + 5), UUID(int=5)))
    monkeypatch.setattr(parcels, "uuid5", lambda *_: next(ids))
    codes = [book(database, uuid4(), [uuid4()])["parcels"][0]["tracking_code"] for _ in range(2)]
    assert len(set(codes)) == 2


def test_what_was_quoted_is_booked_whatever_the_rules_say_today(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = worker_factory(ShippingService, database=database, departure_seconds=3600)
    asked = {"address": {**ADDRESS, "country": "de "}, "lines": lines()}
    early, late = str(uuid4()), str(uuid4())
    for order_id in (early, late):
        assert len(service.quote_shipping(order_id, **asked)["parcels"]) == 1
    booked = service.book_parcels(early, **asked)

    monkeypatch.delitem(addresses.POSTAL_CODES, "DE")
    with pytest.raises(AddressRejected):
        service.quote_shipping(str(uuid4()), **asked)
    assert service.book_parcels(early, **asked) == booked
    assert [parcel["status"] for parcel in service.book_parcels(late, **asked)["parcels"]] == ["booked"]
    with database() as session:
        found = session.scalars(select(Parcel)).all()
        assert [parcel.address for parcel in found] == [{**ADDRESS, "line2": ""}] * 2
        assert {parcel.carrier for parcel in found} == {"Marktpost"}


def test_the_address_goes_when_the_parcel_has_arrived(database: Database) -> None:
    order_id = uuid4()
    book(database, order_id, [uuid4()], departs_in=NOW)
    move(database)
    move(database)
    with database() as session:
        parcel = session.scalars(select(Parcel).where(Parcel.order_id == order_id)).one()
        assert (parcel.status, parcel.address, parcel.moves_at) == ("delivered", None, None)
    assert list(facts(database).values()) == [[(1, "booked"), (2, "in_transit"), (3, "delivered")]]


def lines() -> list[dict[str, Any]]:
    return [{"product_id": str(uuid4()), "seller_id": str(uuid4()), "quantity": 2}]


def test_the_timer_moves_a_parcel_to_its_end(rpc: Rpc, engines: dict[str, Engine], order_id: str) -> None:
    wanted = lines()
    assert rpc.call("shipping.quote_shipping", order_id=order_id, address=ADDRESS, lines=wanted) == {
        "parcels": [{"seller_id": wanted[0]["seller_id"], "carrier": "Marktpost", "cost_minor": 434}]
    }
    booked = rpc.call("shipping.book_parcels", order_id=order_id, address=ADDRESS, lines=wanted)
    [parcel] = booked["parcels"]
    assert set(parcel) == {"parcel_id", "seller_id", "tracking_code", "status"}

    def history() -> list[str]:
        statement = "select envelope -> 'data' ->> 'status' as status from outbox where key = :k order by id"
        return [row["status"] for row in rows(engines["shipping"], statement, k=parcel["parcel_id"])]

    eventually(lambda: history() == ["booked", "in_transit", "delivered"], within=15)
    with pytest.raises(RemoteError) as left:
        rpc.call("shipping.withdraw_parcels", order_id=order_id)
    assert (left.value.name, left.value.detail) == ("ParcelLeft", {"parcel_ids": [parcel["parcel_id"]]})


def test_a_bad_address_is_refused_by_field_and_again(
    rpc: Rpc, engines: dict[str, Engine], order_id: str
) -> None:
    wanted = lines()
    for _ in range(2):
        with pytest.raises(RemoteError) as refused:
            rpc.call(
                "shipping.quote_shipping",
                order_id=order_id,
                address={**ADDRESS, "postal_code": "1011"},
                lines=wanted,
            )
        assert refused.value.name == "AddressRejected"
        assert refused.value.detail == {"field": "postal_code", "reason": "is not a postal code of DE"}
    assert rows(engines["shipping"], "select 1 from parcel where order_id = :o", o=order_id) == []

from dataclasses import dataclass

import pytest
from orders.domain.money import included_tax
from orders.domain.order import Status, status_by_parcels


@dataclass
class Parcel:
    seller_id: str
    status: str


@pytest.mark.parametrize(
    ("parcels", "status"),
    [
        ([], Status.CONFIRMED),
        ([("a", "booked")], Status.CONFIRMED),
        ([("a", "booked"), ("b", "booked")], Status.CONFIRMED),
        ([("a", "in_transit"), ("b", "booked")], Status.SHIPPED),
        ([("a", "delivered"), ("b", "booked")], Status.SHIPPED),
        ([("a", "delivered"), ("b", "in_transit")], Status.SHIPPED),
        # the other parcel's news has not come yet
        ([("a", "delivered")], Status.SHIPPED),
        ([("a", "delivered"), ("b", "delivered")], Status.DELIVERED),
        # a seller may send two
        ([("a", "delivered"), ("a", "in_transit"), ("b", "delivered")], Status.SHIPPED),
        ([("a", "withdrawn"), ("b", "withdrawn")], Status.CONFIRMED),
    ],
)
def test_status_by_parcels(parcels: list[tuple[str, str]], status: Status) -> None:
    assert status_by_parcels({"a", "b"}, [Parcel(*parcel) for parcel in parcels]) is status


@pytest.mark.parametrize(
    ("gross", "rate", "tax"),
    [
        (119, 1900, 19),
        (107, 700, 7),
        (100, 0, 0),
        (0, 1900, 0),
        (1, 1900, 0),
        (100, 1900, 16),
        (3, 10_000, 2),
    ],
)
def test_included_tax(gross: int, rate: int, tax: int) -> None:
    assert included_tax(gross, rate) == tax

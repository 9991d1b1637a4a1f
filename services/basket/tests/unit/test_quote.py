"""What a basket costs, and what stands in the way: no database."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from basket.baskets.merge import combine
from basket.baskets.prices import changes
from basket.baskets.quote import included_tax
from basket.models import BasketLine, ChangeKind, Product


def product(**values: Any) -> Product:
    known = {
        "id": UUID(int=1),
        "seller_id": UUID(int=2),
        "seller_slug": "teas",
        "name": "A tea",
        "category": "tea",
        "price_minor": 1000,
        "currency": "EUR",
        "tax_rate_bp": 700,
        "status": "active",
        "version": 1,
    }
    return Product(**known | values)


def line(product_id: int, quantity: int) -> BasketLine:
    return BasketLine(
        basket_id=uuid4(), product_id=UUID(int=product_id), quantity=quantity, added_price_minor=1
    )


@pytest.mark.parametrize(
    ("gross", "rate", "tax"), [(0, 1900, 0), (1190, 1900, 190), (100, 0, 0), (2580, 700, 169), (1, 10_000, 1)]
)
def test_the_tax_inside_a_price(gross: int, rate: int, tax: int) -> None:
    assert included_tax(gross, rate) == tax


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({}, {}, []),
        ({}, {"name": "Another"}, []),
        ({}, {"price_minor": 1100}, [(ChangeKind.PRICE_CHANGED, 1000, 1100)]),
        ({}, {"status": "archived"}, [(ChangeKind.UNAVAILABLE, None, None)]),
        ({"status": "archived"}, {}, [(ChangeKind.AVAILABLE, None, None)]),
        ({"currency": "USD"}, {}, [(ChangeKind.AVAILABLE, None, None)]),
        ({"status": "archived"}, {"status": "archived", "currency": "USD"}, []),
    ],
)
def test_what_a_products_change_is_in_a_baskets_eyes(
    before: dict[str, Any], after: dict[str, Any], told: list[Any]
) -> None:
    found = changes(product(**before), product(**after), "EUR")
    assert [(change.kind, change.was, change.now) for change in found] == told


@pytest.mark.parametrize(
    ("members", "guests", "raised", "added", "left_out"),
    [
        ([], [], [], [], []),
        ([(1, 2)], [(1, 3)], [(1, 3)], [], []),
        ([(1, 3)], [(1, 3)], [], [], []),
        ([(1, 3)], [(1, 2), (2, 1)], [], [2], []),
        ([(1, 1), (2, 1), (3, 1)], [(4, 1), (1, 9), (5, 1)], [(1, 9)], [4], [5]),
        ([(n, 1) for n in range(1, 7)], [(7, 1)], [], [], [7]),
    ],
)
def test_merging_with_four_places(
    members: list[Any], guests: list[Any], raised: list[Any], added: list[int], left_out: list[int]
) -> None:
    plan = combine([line(*known) for known in members], [line(*known) for known in guests], most=4)
    assert [(theirs.product_id.int, theirs.quantity) for _, theirs in plan.raised] == raised
    assert [one.product_id.int for one in plan.added] == added
    assert [one.product_id.int for one in plan.left_out] == left_out

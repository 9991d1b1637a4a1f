from datetime import UTC, datetime

import pytest

from bazaar_shared.pagination import InvalidCursor, encode
from catalog.products.models import Product
from catalog.products.queries import ORDERINGS
from catalog.web.pagination import _position

KEY = "33333333-0000-5000-8000-000000000001"


def test_a_cursor_is_read_back_with_its_type() -> None:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    cursor = encode({"order": "newest", "value": moment.isoformat(), "key": KEY})
    value, key = _position(cursor, ORDERINGS["newest"], Product)
    assert (value, str(key)) == (moment, KEY)


@pytest.mark.parametrize(
    ("ordering", "position"),
    [
        ("name", {"order": "price", "value": "A", "key": KEY}),
        ("name", {"order": "name", "value": "A"}),
        ("name", {"order": "name", "value": 1, "key": KEY}),
        ("name", {"order": "name", "value": "A\0", "key": KEY}),
        ("name", {"order": "name", "value": "A", "key": "1 or 1=1"}),
        ("name", {"order": "name", "value": "A", "key": None}),
        ("name", {"order": "name", "value": "A", "key": 5}),
        ("name", {"order": "name", "value": "A", "key": None, "more": 1}),
        ("price", {"order": "price", "value": "12", "key": KEY}),
        ("price", {"order": "price", "value": True, "key": KEY}),
        ("price", {"order": "price", "value": 2**70, "key": KEY}),
        ("newest", {"order": "newest", "value": "yesterday", "key": KEY}),
        ("newest", {"order": "newest", "value": "2026-11-21T00:00:00", "key": KEY}),
        ("newest", {"order": "newest", "value": 5, "key": KEY}),
        ("-rating", {"order": "-rating", "value": 3, "key": KEY}),
        ("-rating", {"order": "-rating", "value": "3.0", "key": KEY}),
        ("relevance", {"order": "relevance", "value": float("inf"), "key": KEY}),
        ("relevance", {"order": "relevance", "value": 10**400, "key": KEY}),
    ],
)
def test_a_cursor_that_somebody_made_up_is_refused(ordering: str, position: dict[str, object]) -> None:
    with pytest.raises(InvalidCursor):
        _position(encode(position), ORDERINGS[ordering], Product)

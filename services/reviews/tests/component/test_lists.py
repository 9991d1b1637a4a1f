"""Lists: one shape, one kind of cursor, each review once."""

from typing import Any
from uuid import uuid4

import pytest

from .world import API, Market, problem


def walk(market: Market, path: str, limit: int) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        separator = "&" if "?" in path else "?"
        page = market.get(f"{path}{separator}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert page.keys() == {"items", "next_cursor"}
        assert len(page["items"]) == limit or page["next_cursor"] is None
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("ordering", "key"),
    [
        ("newest", lambda review: (review["created_at"], review["id"])),
        ("highest", lambda review: (review["rating"], review["created_at"], review["id"])),
        ("lowest", lambda review: (-review["rating"], review["created_at"], review["id"])),
    ],
)
def test_every_review_comes_once_in_order(market: Market, ordering: str, key: Any, limit: int):
    product_id = uuid4()
    written = [market.reviewed(product_id, rating=stars)[1]["id"] for stars in (3, 5, 1, 5, 3, 2, 5)]
    market.reviewed(uuid4())

    found = walk(market, f"/products/{product_id}?ordering={ordering}", limit)

    assert sorted(review["id"] for review in found) == sorted(written)
    assert found == sorted(found, key=key, reverse=True)


def test_a_cursor_belongs_to_its_ordering(market: Market):
    product_id = uuid4()
    for _ in range(2):
        market.reviewed(product_id)
    cursor = market.get(f"/products/{product_id}?limit=1")["next_cursor"]

    answer = market.anybody.get(f"{API}/products/{product_id}?ordering=highest&cursor={cursor}")

    assert problem(answer) == (400, "invalid-cursor")


def test_a_reader_sees_which_are_mine(market: Market):
    product_id = uuid4()
    shopper, own = market.reviewed(product_id)
    market.reviewed(product_id)

    items = shopper.call("GET", f"/products/{product_id}").get_json()["items"]

    assert [review["id"] for review in items if review["mine"]] == [own["id"]]
    assert not any(review["mine"] for review in market.get(f"/products/{product_id}")["items"])


def test_mine_are_mine_and_not_deleted(market: Market):
    products = [uuid4() for _ in range(3)]
    shopper = market.buyer(*products)
    reviews = [shopper.review(product_id).get_json() for product_id in products]
    shopper.call("DELETE", f"/{reviews[0]['id']}")
    market.reviewed(products[1])

    first = shopper.call("GET", "/mine?limit=1").get_json()
    second = shopper.call("GET", f"/mine?limit=1&cursor={first['next_cursor']}").get_json()

    assert [page["items"][0]["id"] for page in (first, second)] == [reviews[2]["id"], reviews[1]["id"]]
    assert second["next_cursor"] is None


def test_summaries_come_in_the_order_they_were_asked_for(market: Market):
    loved, unknown, mixed = uuid4(), uuid4(), uuid4()
    market.reviewed(loved, rating=5)
    for stars in (2, 5, 5):
        market.reviewed(mixed, rating=stars)

    answer = market.get(f"/summaries?ids={mixed},{unknown},{loved},{mixed}")

    assert answer["next_cursor"] is None
    assert [(item["product_id"], item["count"], item["average"]) for item in answer["items"]] == [
        (str(mixed), 3, 4.0),
        (str(unknown), 0, None),
        (str(loved), 1, 5.0),
    ]
    assert answer["items"][0]["histogram"] == {"1": 0, "2": 1, "3": 0, "4": 0, "5": 2}
    assert answer["items"][2] == market.get(f"/products/{loved}/summary")


def test_a_page_uses_its_index(market: Market):
    from reviews.keyset import ORDERINGS
    from reviews.models import Review, Status
    from sqlalchemy import select, text
    from sqlalchemy.dialects import postgresql

    with market.sessions() as session:
        session.execute(text("set local enable_seqscan = off; set local enable_sort = off"))
        for name, ordering in ORDERINGS.items():
            rows = select(Review).where(Review.product_id == uuid4(), Review.status == Status.PUBLISHED)
            statement = rows.order_by(*(column.desc() for column in ordering.columns)).limit(21)
            sql = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
            plan = "\n".join(session.scalars(text(f"explain {sql}")))
            assert f"ix_reviews_{name}" in plan, plan
            assert "Sort" not in plan, plan

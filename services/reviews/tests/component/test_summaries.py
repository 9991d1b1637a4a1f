"""Sums are kept by differences, under a lock: whatever happens at once, they are what the rows say."""

import random
from uuid import uuid4

from reviews import moderating
from reviews.commands.recount import recount
from sqlalchemy import text

from .world import WORDS, Market, at_once

WRITERS = 8


def test_eight_writers_at_once_on_one_product(market: Market):
    product_id = uuid4()
    shoppers = [market.buyer(product_id) for _ in range(WRITERS)]

    def life(number: int) -> None:
        chance, shopper = random.Random(number), shoppers[number]
        for _ in range(6):
            answer = shopper.review(product_id, rating=chance.randint(1, 5))
            assert answer.status_code == 201, answer.text
            path = f"/{answer.get_json()['id']}"
            for _ in range(2):
                assert shopper.call("PUT", path, {**WORDS, "rating": chance.randint(1, 5)}).status_code == 200
            assert shopper.call("DELETE", path).status_code == 204
        assert shopper.review(product_id, rating=1 + number % 5).status_code == 201

    at_once(*[lambda number=number: life(number) for number in range(WRITERS)])

    market.assert_sums_are_right()
    assert market.summary(product_id) == {1: 2, 2: 2, 3: 2, 4: 1, 5: 1}
    items = market.get(f"/products/{product_id}?limit=100")["items"]
    for review in items:
        events = market.told(review["id"])
        assert [event["aggregateversion"] for event in events] == list(range(1, review["version"] + 1))
        assert events[-1]["data"]["rating"] == review["rating"]


def test_bulk_hiding_and_showing_in_opposite_orders_is_no_deadlock(market: Market):
    products = [uuid4() for _ in range(4)]
    ids = [market.row(market.reviewed(product_id)[1]["id"]).id for product_id in products for _ in range(3)]

    def moderate(number: int) -> None:
        order = list(ids) if number % 2 else list(reversed(ids))
        for _ in range(5):
            with market.sessions.begin() as session:
                moderating.hide(session, order, "a test", uuid4())
            with market.sessions.begin() as session:
                moderating.show(session, order, "a test", uuid4())

    at_once(*[lambda number=number: moderate(number) for number in range(WRITERS)])

    market.assert_sums_are_right()
    assert [market.summary(product_id) for product_id in products] == [{4: 3}] * 4


def test_a_recount_finds_and_repairs_what_somebody_wrote_by_hand(market: Market):
    product_id, forgotten = uuid4(), uuid4()
    market.reviewed(product_id, rating=5)
    market.reviewed(forgotten, rating=2)
    with market.sessions.begin() as session:
        session.execute(
            text("update rating_summaries set stars_1 = 7 where product_id = :id"), {"id": product_id}
        )
        session.execute(text("delete from rating_summaries where product_id = :id"), {"id": forgotten})

    with market.sessions.begin() as session:
        found = {line["product_id"]: line for line in recount(session, repair=True)}

    assert found.keys() == {str(product_id), str(forgotten)}
    assert found[str(product_id)]["kept"] == {1: 7, 2: 0, 3: 0, 4: 0, 5: 1}
    assert found[str(product_id)]["counted"] == {1: 0, 2: 0, 3: 0, 4: 0, 5: 1}
    market.assert_sums_are_right()
    assert market.summary(forgotten) == {2: 1}

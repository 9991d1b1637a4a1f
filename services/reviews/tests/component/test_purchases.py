"""Who may review follows from orders.order: the newest word on an order counts, whenever it comes."""

import itertools
from uuid import uuid4

import pytest
from reviews.models import Purchase, PurchaseStatus, inbox
from sqlalchemy import func, select

from bazaar_shared.consumer import PermanentError

from .world import Market, at_once, order_event


def test_a_delivery_gives_the_right_for_each_of_its_products(market: Market):
    products = [uuid4(), uuid4()]
    shopper = market.buyer(*products)

    assert [shopper.review(product_id).status_code for product_id in products] == [201, 201]


@pytest.mark.parametrize("status", ["refunding", "refunded"])
def test_a_refund_takes_it_away(market: Market, status: str):
    product_id, order_id = uuid4(), uuid4()
    shopper = market.person()
    market.tell(
        order_event("delivered", shopper.id, product_id, order_id=order_id, version=5),
        order_event(status, shopper.id, product_id, order_id=order_id, version=6),
    )

    assert shopper.review(product_id).status_code == 403


def test_a_review_that_was_written_before_the_refund_stays(market: Market):
    product_id, order_id = uuid4(), uuid4()
    shopper = market.person()
    market.tell(order_event("delivered", shopper.id, product_id, order_id=order_id, version=5))
    review = shopper.review(product_id).get_json()
    market.tell(order_event("refunded", shopper.id, product_id, order_id=order_id, version=7))

    assert market.summary(product_id) == {4: 1}
    assert shopper.call("GET", f"/{review['id']}").get_json()["status"] == "published"


def test_a_refused_refund_gives_it_back(market: Market):
    product_id, order_id = uuid4(), uuid4()
    shopper = market.person()
    told = [("delivered", 5), ("refunding", 6), ("delivered", 7)]
    market.tell(
        *[order_event(status, shopper.id, product_id, order_id=order_id, version=n) for status, n in told]
    )

    assert shopper.review(product_id).status_code == 201


def test_another_order_of_the_same_product_still_counts(market: Market):
    product_id, refunded = uuid4(), uuid4()
    shopper = market.buyer(product_id)
    market.tell(
        order_event("delivered", shopper.id, product_id, order_id=refunded, version=5),
        order_event("refunded", shopper.id, product_id, order_id=refunded, version=6),
    )

    review = shopper.review(product_id).get_json()

    assert market.row(review["id"]).order_id != refunded


def test_any_order_of_the_events_ends_the_same(market: Market):
    for order in itertools.permutations([("delivered", 5), ("refunding", 6), ("refunded", 7)]):
        product_id, order_id = uuid4(), uuid4()
        shopper = market.person()
        market.tell(
            *[
                order_event(status, shopper.id, product_id, order_id=order_id, version=n)
                for status, n in order
            ]
        )

        assert shopper.review(product_id).status_code == 403, order


def test_old_events_told_again_do_no_harm(market: Market):
    product_id, order_id = uuid4(), uuid4()
    shopper = market.person()
    events = [
        order_event(status, shopper.id, product_id, order_id=order_id, version=version)
        for version, status in enumerate(
            ("placed", "confirmed", "shipped", "delivered", "refunding", "refunded"), 1
        )
    ]
    market.tell(*events, *events)
    # a dead letter that comes back after the inbox has forgotten it: the version is guard enough
    market.tell(order_event("delivered", shopper.id, product_id, order_id=order_id, version=4))

    assert shopper.review(product_id).status_code == 403
    with market.sessions() as session:
        assert [row.status for row in session.scalars(select(Purchase))] == [PurchaseStatus.REFUNDED]
        assert session.scalar(select(func.count()).select_from(inbox)) == len(events) + 1


def test_the_same_event_in_two_consumers_at_once_counts_once(market: Market):
    shopper, products = market.person(), [uuid4() for _ in range(5)]
    event = order_event("delivered", shopper.id, *products)

    at_once(*[lambda: market.tell(event) for _ in range(6)])

    with market.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Purchase)) == 5


def test_the_same_product_in_two_lines_is_one_purchase(market: Market):
    product_id = uuid4()
    shopper = market.buyer(product_id, product_id)

    assert shopper.review(product_id).status_code == 201


@pytest.mark.parametrize(
    "change",
    [{"order_id": "x"}, {"shopper_id": None}, {"lines": [{"quantity": 1}]}, {"lines": None}, {"status": 5}],
)
def test_what_makes_no_sense_goes_to_the_dead_letters_and_leaves_no_trace(
    market: Market, change: dict[str, object]
):
    event = order_event("delivered", uuid4(), uuid4())
    object.__setattr__(event, "data", {**event.data, **change})

    with pytest.raises(PermanentError, match="not an order of ours"):
        market.tell(event)

    with market.sessions() as session:
        assert session.scalar(select(func.count()).select_from(inbox)) == 0


def test_a_version_that_no_column_holds_is_refused(market: Market):
    with pytest.raises(PermanentError, match="version"):
        market.tell(order_event("delivered", uuid4(), uuid4(), version=2**31))


def test_another_kind_of_event_is_refused(market: Market):
    event = order_event("delivered", uuid4(), uuid4())
    object.__setattr__(event, "type", "bazaar.catalog.product.v1")

    with pytest.raises(PermanentError):
        market.tell(event)

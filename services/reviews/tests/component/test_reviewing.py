"""A shopper's reviews: written once, edited, taken back; each change with its event and its sum."""

from uuid import uuid4

import pytest
from flask import Flask

from .world import API, WORDS, Market, at_once, order_event, problem


def test_what_was_delivered_can_be_reviewed(market: Market):
    product_id = uuid4()
    shopper = market.buyer(product_id)

    answer = shopper.review(product_id)

    assert answer.status_code == 201
    review = answer.get_json()
    assert review | {"created_at": "", "updated_at": ""} == {
        "id": review["id"],
        "product_id": str(product_id),
        **WORDS,
        "status": "published",
        "version": 1,
        "mine": True,
        "created_at": "",
        "updated_at": "",
    }
    assert (answer.headers["Location"], answer.headers["ETag"]) == (f"{API}/{review['id']}", '"1"')
    assert market.anybody.get(answer.headers["Location"]).get_json() == review | {"mine": False}
    assert market.row(review["id"]).order_id is not None


def test_the_event_tells_all_but_the_words(market: Market):
    product_id = uuid4()
    shopper, review = market.reviewed(product_id, title="Nobody's business", body="A secret of mine")

    [event] = market.told(review["id"])

    assert (event["type"], event["source"]) == ("bazaar.reviews.review.v1", "/bazaar/reviews")
    assert (event["subject"], event["aggregateversion"]) == (review["id"], 1)
    assert event["data"] == {
        "review_id": review["id"],
        "product_id": str(product_id),
        "shopper_id": str(shopper.id),
        "rating": 4,
        "status": "published",
    }
    assert "secret" not in str(event)


def test_what_was_not_bought_can_not(market: Market):
    product_id = uuid4()
    market.buyer(uuid4())

    answer = market.person().review(product_id)

    assert problem(answer) == (403, "forbidden")
    assert market.summary(product_id) == {}


def test_what_is_only_on_its_way_can_not(market: Market):
    product_id = uuid4()
    shopper = market.person()
    for version, status in enumerate(("placed", "confirmed", "shipped"), start=1):
        market.tell(order_event(status, shopper.id, product_id, version=version))

    assert problem(shopper.review(product_id)) == (403, "forbidden")


def test_the_second_review_is_a_conflict(market: Market):
    product_id = uuid4()
    shopper, review = market.reviewed(product_id)

    assert problem(shopper.review(product_id, rating=1)) == (409, "conflict")
    assert market.summary(product_id) == {4: 1}
    assert len(market.told(review["id"])) == 1


def test_of_many_at_once_one_wins(market: Market):
    product_id = uuid4()
    shopper = market.buyer(product_id)

    answers = at_once(
        *[lambda stars=stars: shopper.review(product_id, rating=stars) for stars in (1, 2, 3, 4, 5, 5)]
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    [won] = [answer.get_json() for answer in answers if answer.status_code == 201]
    assert market.summary(product_id) == {won["rating"]: 1}
    assert len(market.told(won["id"])) == 1


def test_an_edit_moves_the_sum_and_tells_it(market: Market):
    product_id = uuid4()
    shopper, review = market.reviewed(product_id)

    answer = shopper.call(
        "PUT", f"/{review['id']}", {**WORDS, "rating": 2, "title": "Not so good"}, If_Match='"1"'
    )

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    edited = answer.get_json()
    assert (edited["rating"], edited["title"], edited["version"]) == (2, "Not so good", 2)
    assert edited["created_at"] == review["created_at"] < edited["updated_at"]
    assert market.summary(product_id) == {2: 1}
    assert [event["aggregateversion"] for event in market.told(review["id"])] == [1, 2]


def test_the_same_words_again_are_no_change(market: Market):
    shopper, review = market.reviewed(uuid4())

    answer = shopper.call("PUT", f"/{review['id']}", WORDS)

    assert (answer.status_code, answer.get_json()["version"]) == (200, 1)
    assert len(market.told(review["id"])) == 1


@pytest.mark.parametrize("header", ['"7"', '"0"', "x", '""', 'W/"1"', '"1", "2"', '"99999999999"'])
def test_a_version_that_is_not_the_present_one(market: Market, header: str):
    shopper, review = market.reviewed(uuid4())
    path = f"/{review['id']}"

    for answer in (
        shopper.call("PUT", path, {**WORDS, "rating": 1}, If_Match=header),
        shopper.call("DELETE", path, If_Match=header),
    ):
        assert problem(answer) == (412, "precondition-failed")
        assert answer.get_json(force=True)["current_version"] == 1
    assert market.row(review["id"]).version == 1


def test_of_two_edits_of_one_version_one_wins(market: Market):
    shopper, review = market.reviewed(uuid4())
    path = f"/{review['id']}"

    answers = at_once(
        *[
            lambda stars=stars: shopper.call("PUT", path, {**WORDS, "rating": stars}, If_Match='"1"')
            for stars in (1, 2)
        ]
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    assert market.row(review["id"]).version == 2


def test_a_deleted_review_keeps_its_row_and_not_a_word(market: Market):
    product_id = uuid4()
    shopper, review = market.reviewed(product_id)

    answer = shopper.call("DELETE", f"/{review['id']}", If_Match='"1"')

    assert (answer.status_code, answer.data) == (204, b"")
    row = market.row(review["id"])
    assert (row.status, row.title, row.body, row.author_name, row.version) == ("deleted", "", "", "", 2)
    assert market.summary(product_id) == {}
    assert market.get(f"/products/{product_id}")["items"] == []
    assert market.told(review["id"])[-1]["data"]["status"] == "deleted"
    for method in ("GET", "PUT", "DELETE"):
        assert problem(shopper.call(method, f"/{review['id']}", WORDS if method == "PUT" else None)) == (
            404,
            "not-found",
        )


def test_who_deleted_a_review_may_write_again_under_its_id(market: Market):
    product_id = uuid4()
    shopper, review = market.reviewed(product_id)
    shopper.call("DELETE", f"/{review['id']}")

    again = shopper.review(product_id, rating=5).get_json()

    assert (again["id"], again["version"], again["status"]) == (review["id"], 3, "published")
    assert market.summary(product_id) == {5: 1}
    assert [event["aggregateversion"] for event in market.told(review["id"])] == [1, 2, 3]


def test_anothers_review_is_not_there_to_change(market: Market):
    _, review = market.reviewed(uuid4())
    other = market.person()

    assert problem(other.call("PUT", f"/{review['id']}", WORDS)) == (404, "not-found")
    assert problem(other.call("DELETE", f"/{review['id']}")) == (404, "not-found")
    assert market.row(review["id"]).version == 1


def test_may_i(market: Market):
    product_id = uuid4()
    shopper = market.person()
    path = f"/mine/products/{product_id}"

    assert shopper.call("GET", path).get_json() == {
        "may_review": False,
        "reason": "not_bought",
        "review": None,
    }

    market.tell(order_event("delivered", shopper.id, product_id))
    assert shopper.call("GET", path).get_json() == {"may_review": True, "reason": None, "review": None}

    review = shopper.review(product_id).get_json()
    assert shopper.call("GET", path).get_json() == {
        "may_review": False, "reason": "already_reviewed", "review": review,
    }  # fmt: skip

    shopper.call("DELETE", f"/{review['id']}")
    assert shopper.call("GET", path).get_json() == {"may_review": True, "reason": None, "review": None}


def test_a_service_account_is_no_shopper(market: Market):
    token = market.forge.token("orders", roles=("service",))

    answer = market.anybody.get(f"{API}/mine", headers={"Authorization": f"Bearer {token}"})

    assert problem(answer) == (403, "forbidden")


def test_a_session_ends_with_its_request(market: Market, app: Flask):
    market.reviewed(uuid4())
    from reviews.extensions import db

    pool = db.engine(app).pool
    assert pool.checkedout() == 0  # type: ignore[attr-defined]

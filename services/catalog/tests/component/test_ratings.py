"""What reviews tells becomes the rating that readers see: each review once, in its newest version."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from ratings import told
from rest_framework.test import APIClient

from bazaar_shared.consumer import PermanentError
from bazaar_shared.contracts import load, violations
from bazaar_shared.envelope import Event
from catalog.events.models import InboxEntry
from catalog.products.models import Category, Product
from catalog.products.querysets import ProductDraft
from catalog.ratings.consumer import REVIEW_TOPIC, record_review
from catalog.ratings.models import Review, Tally
from catalog.ratings.rating import PRIOR_SCORE

PRODUCTS = "/api/catalog/products"
CONTRACT = Path(__file__).parents[4] / "shared" / "contracts" / "asyncapi" / "bazaar.yaml"
UNRATED = {"count": 0, "average": None}


@pytest.fixture(autouse=True)
def _in_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    # the test's transaction lives on the connection that the consumer would look after
    monkeypatch.setattr("catalog.ratings.consumer.close_old_connections", lambda: None)


@pytest.fixture
def rating(api: APIClient) -> Callable[[Product], Any]:
    return lambda product: api.get(f"{PRODUCTS}/{product.pk}").json()["rating"]


def rate(product: Product, *stars: int) -> None:
    for number in stars:
        record_review(told(uuid4(), product.pk, 1, number))


def tally(product_id: UUID) -> tuple[int, int]:
    return Tally.objects.values_list("count", "sum").get(pk=product_id)


# -- what a review does ---------------------------------------------------------------------------------


def test_the_tests_speak_as_reviews_does() -> None:
    contract = load(CONTRACT)
    for status in ("published", "hidden", "deleted"):
        assert violations(contract, REVIEW_TOPIC, told(uuid4(), uuid4(), 1, status=status)) == []


def test_reviews_are_counted(rating: Any, market: SimpleNamespace) -> None:
    rate(market.assam, 5, 4, 4)
    assert rating(market.assam) == {"count": 3, "average": 4.33}
    assert rating(market.map) == UNRATED


def test_a_changed_review_counts_as_it_is_now(rating: Any, market: SimpleNamespace) -> None:
    review = uuid4()
    rate(market.assam, 3)
    assert record_review(told(review, market.assam.pk, 1, 1))
    assert record_review(told(review, market.assam.pk, 2, 5))
    assert rating(market.assam) == {"count": 2, "average": 4.0}


@pytest.mark.parametrize("status", ["hidden", "deleted"])
def test_what_is_hidden_or_deleted_does_not_count(rating: Any, market: SimpleNamespace, status: str) -> None:
    review = uuid4()
    record_review(told(review, market.assam.pk, 1, 1))
    assert record_review(told(review, market.assam.pk, 2, 1, status=status))
    assert rating(market.assam) == UNRATED
    assert record_review(told(review, market.assam.pk, 3, 2))
    assert rating(market.assam) == {"count": 1, "average": 2.0}


def test_what_was_never_seen_in_public_counts_nothing(rating: Any, market: SimpleNamespace) -> None:
    assert record_review(told(uuid4(), market.assam.pk, 3, 1, status="hidden"))
    assert rating(market.assam) == UNRATED
    assert Tally.objects.count() == 0


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_in_whatever_order_the_newest_counts(market: SimpleNamespace, order: tuple[int, ...]) -> None:
    review = uuid4()
    life = [
        told(review, market.assam.pk, 1, 1),
        told(review, market.assam.pk, 2, 3),
        told(review, market.assam.pk, 3, 3, status="hidden"),
        told(review, market.assam.pk, 4, 5),
    ]
    rate(market.assam, 2)
    for number in order:
        record_review(life[number])
        newest = max(order[: order.index(number) + 1])
        assert tally(market.assam.pk) == [(2, 3), (2, 5), (1, 2), (2, 7)][newest]


def test_the_same_event_again_has_no_effect(market: SimpleNamespace) -> None:
    event = told(uuid4(), market.assam.pk, 1, 4)
    assert record_review(event)
    assert not record_review(event)
    Review.objects.update(version=0, rating=None)  # not the version: the inbox alone knows it too
    assert not record_review(event)
    assert tally(market.assam.pk) == (1, 4)
    assert InboxEntry.objects.filter(consumer="catalog", event_id=event.id).count() == 1


def test_another_event_of_the_same_version_has_no_effect(market: SimpleNamespace) -> None:
    review = uuid4()
    assert record_review(told(review, market.assam.pk, 1, 4))
    assert not record_review(told(review, market.assam.pk, 1, 5))
    assert tally(market.assam.pk) == (1, 4)


def test_a_review_that_is_of_another_product_by_now_moves(market: SimpleNamespace) -> None:
    review = uuid4()
    record_review(told(review, market.assam.pk, 1, 4))
    record_review(told(review, market.map.pk, 2, 4))
    assert (tally(market.assam.pk), tally(market.map.pk)) == ((0, 0), (1, 4))


def test_the_inbox_and_the_effect_are_one(market: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr("catalog.ratings.models.TallyQuerySet.replace", fail)
    with pytest.raises(RuntimeError):
        record_review(told(uuid4(), market.assam.pk, 1, 4))
    assert (InboxEntry.objects.count(), Review.objects.count(), Tally.objects.count()) == (0, 0, 0)


def test_a_product_that_comes_later_has_its_reviews(rating: Any, market: SimpleNamespace) -> None:
    later = uuid4()
    assert record_review(told(uuid4(), later, 1, 4))
    assert record_review(told(uuid4(), later, 1, 5))
    draft = ProductDraft(
        id=later, seller=market.teas, category=Category.objects.get(slug="tea"), sku="N-1", slug="n-1",
        name="Late", price_minor=100,
    )  # fmt: skip
    (product,) = Product.objects.introduce([draft], by="tess")
    assert rating(product) == {"count": 2, "average": 4.5}


@pytest.mark.parametrize(
    "event",
    [
        told("no uuid", uuid4(), 1),
        told(uuid4(), None, 1),
        told(uuid4(), uuid4(), 1, "5"),
        told(uuid4(), uuid4(), 1, True),
        told(uuid4(), uuid4(), 1, 0),
        told(uuid4(), uuid4(), 1, 6),
        told(uuid4(), uuid4(), 1, 4.5),
        told(uuid4(), uuid4(), 1, status="pending"),
        told(uuid4(), uuid4(), 1, status=["published"]),
        Event.new(source="/x", type="something.else.v1", subject="x", version=1, data={}),
    ],
)
def test_what_can_never_be_handled_says_so(event: Event, db: None) -> None:
    with pytest.raises(PermanentError):
        record_review(event)
    assert (InboxEntry.objects.count(), Review.objects.count()) == (0, 0)


def test_a_tally_that_no_reviews_can_come_to_is_refused(market: SimpleNamespace) -> None:
    rate(market.assam, 5)
    for wrong in ({"count": 2, "sum": 1}, {"count": 1, "sum": 6}, {"count": -1, "sum": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Tally.objects.update(**wrong)


# -- what it does not do --------------------------------------------------------------------------------


def test_a_rating_is_no_change_of_the_product(api: APIClient, market: SimpleNamespace, events: Any) -> None:
    before = api.get(f"{PRODUCTS}/{market.assam.pk}")
    rate(market.assam, 5, 1)
    after = api.get(f"{PRODUCTS}/{market.assam.pk}")
    assert after.headers["ETag"] == before.headers["ETag"] == '"1"'
    assert after.json() == before.json() | {"rating": {"count": 2, "average": 3.0}}
    assert events() == []


def test_a_change_of_the_product_tells_no_rating(
    api: APIClient, market: SimpleNamespace, events: Any
) -> None:
    rate(market.assam, 5)
    Product.objects.filter(pk=market.assam.pk).revise(by="tess", price_minor=1000)
    (event,) = events()
    assert "rating" not in event["data"]
    assert tally(market.assam.pk) == (1, 5)


def test_nobody_writes_a_rating_by_the_api(market: SimpleNamespace, as_user: Any) -> None:
    answer = as_user(market.tess).patch(
        f"{PRODUCTS}/{market.assam.pk}", {"rating": {"count": 9, "average": 5}}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "field": "rating", "code": "unknown_field", "message": "This field is not known here.",
    }  # fmt: skip


# -- ordering -------------------------------------------------------------------------------------------


def ordered(api: APIClient, **query: Any) -> list[str]:
    answer = api.get(PRODUCTS, {"ordering": "-rating", "limit": 100} | query).json()
    return [item["sku"] for item in answer["items"]]


def test_few_reviews_weigh_less_than_many(api: APIClient, market: SimpleNamespace) -> None:
    """Forty times four before once five; what nobody rated before what was rated badly."""
    rate(market.darjeeling, 5)
    rate(market.map, *[4] * 40)
    rate(market.assam, 2)
    assert ordered(api) == ["M-1", "T-2", "T-3", "T-1"]
    assert ordered(api, category="tea") == ["T-2", "T-3", "T-1"]
    assert ordered(api, search="assam") == ["M-1", "T-3", "T-1"]
    assert list(Tally.objects.order_by("-score").values_list("score", flat=True)) == [
        175 / 45,
        20 / 6,
        17 / 6,
    ]


def test_a_tally_of_nothing_is_as_good_as_none(api: APIClient, market: SimpleNamespace) -> None:
    before = ordered(api)
    review = uuid4()
    record_review(told(review, market.map.pk, 1, 5))
    assert ordered(api)[0] == "M-1"
    record_review(told(review, market.map.pk, 2, 5, status="deleted"))
    assert ordered(api) == before
    assert Tally.objects.get().score == PRIOR_SCORE


def test_pages_by_rating_show_each_product_once(api: APIClient, market: SimpleNamespace) -> None:
    """Scores that no short decimal can hold, many equal ones, and products without any."""
    tea = Category.objects.get(slug="tea")
    drafts = [
        ProductDraft(seller=market.teas, category=tea, sku=f"N-{n}", slug=f"n-{n}", name="N", price_minor=500)
        for n in range(12)
    ]
    products = Product.objects.introduce(drafts, by="tess")
    for number, product in enumerate(products[:9]):
        rate(product, *[[4, 5], [1, 4], [5]][number % 3])
    seen, query = list[str](), dict[str, str]()
    while True:
        page = api.get(PRODUCTS, {"ordering": "-rating", "limit": 2} | query).json()
        seen += [item["sku"] for item in page["items"]]
        if not page["next_cursor"]:
            break
        query = {"cursor": page["next_cursor"]}
    assert seen == ordered(api)
    assert len(set(seen)) == len(seen) == 16
    scores = {product.sku: product.score for product in Product.objects.scored()}
    assert [scores[sku] for sku in seen] == sorted(scores.values(), reverse=True)
    assert set(scores.values()) == {24 / 7, 20 / 6, 20 / 7, 3.0}


def test_a_cursor_of_another_ordering_is_refused(api: APIClient, market: SimpleNamespace) -> None:
    cursor = api.get(PRODUCTS, {"ordering": "-rating", "limit": 1}).json()["next_cursor"]
    assert api.get(PRODUCTS, {"ordering": "price", "cursor": cursor}).status_code == 400


def test_ratings_cost_no_query_of_their_own(
    api: APIClient, market: SimpleNamespace, django_assert_num_queries: Any
) -> None:
    rate(market.assam, 5, 4)
    rate(market.map, 3)
    ids = ",".join(str(product.pk) for product in Product.objects.all())
    for path in ("", "?ordering=-rating", "?search=assam&ordering=-rating", f"/batch?ids={ids}"):
        with django_assert_num_queries(1):
            rated = [item["rating"]["count"] for item in api.get(f"{PRODUCTS}{path}").json()["items"]]
        assert sorted(rated, reverse=True)[:2] == [2, 1]


# -- the back office ------------------------------------------------------------------------------------


def test_the_back_office_shows_ratings_and_sorts_by_them(
    market: SimpleNamespace, signed_in: Callable[..., Client]
) -> None:
    tess = signed_in(market.tess)
    rate(market.assam, 5, 4)
    rate(market.sencha, 1)
    page = tess.get("/admin/products/product/", {"o": "-7"})
    assert [product.sku for product in page.context["cl"].result_list] == ["T-1", "T-2", "T-3"]
    cells = page.content.decode()
    assert '<td class="field-rating">4.50 <small>of 2</small></td>' in cells
    assert '<td class="field-rating"><span class="unrated">no reviews</span></td>' in cells
    page = tess.get("/admin/products/product/", {"o": "7"})
    assert [product.sku for product in page.context["cl"].result_list] == ["T-3", "T-2", "T-1"]
    product = tess.get(f"/admin/products/product/{market.assam.pk}/change/").content.decode()
    assert "4.50 <small>of 2</small>" in product
    assert 'name="rating"' not in product

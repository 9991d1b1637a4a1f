"""demo/reviews.yaml: by the demo's shoppers, of the demo's products, and good enough to be shown."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from reviews.api.schemas import ReviewWrite

DEMO = Path(__file__).parents[4] / "demo"


@pytest.fixture(scope="module")
def reviews() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((DEMO / "reviews.yaml").read_text("utf-8"))["reviews"]
    return found


def test_there_are_many_and_no_two_alike(reviews: list[dict[str, Any]]):
    assert len(reviews) >= 150
    assert (
        len({review["title"] for review in reviews})
        == len({review["body"] for review in reviews})
        == len(reviews)
    )
    assert len({(review["shopper_id"], review["product_id"]) for review in reviews}) == len(reviews)
    assert {review["rating"] for review in reviews} == {1, 2, 3, 4, 5}


def test_each_is_one_that_the_api_would_take(reviews: list[dict[str, Any]]):
    for review in reviews:
        ReviewWrite().load({name: review[name] for name in ("rating", "title", "body", "author_name")})
        assert 0 < review["days_ago"] < 365


def test_shoppers_and_products_are_the_markets(reviews: list[dict[str, Any]]):
    market = yaml.safe_load((DEMO / "market.yaml").read_text("utf-8"))
    shoppers = {account["id"] for account in market["accounts"] if "shopper" in account["roles"]}
    products = {product["id"] for seller in market["sellers"] for product in seller["products"]}

    assert {review["shopper_id"] for review in reviews} == shoppers
    assert {review["product_id"] for review in reviews} <= products

"""Lists, search, filters, orderings, pages and batches as everybody may read them."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from bazaar_shared.pagination import encode
from catalog.availability.models import Availability
from catalog.products.models import Category, Product
from catalog.products.querysets import ProductDraft

PRODUCTS = "/api/catalog/products"


def skus(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["sku"] for item in answer.json()["items"]]


def test_a_product_as_readers_see_it(api: APIClient, market: SimpleNamespace) -> None:
    Availability.objects.create(product=market.assam, on_hand=7, available=5, version=1)
    answer = api.get(f"{PRODUCTS}/{market.assam.pk}")
    shown = answer.json()
    assert shown.pop("created_at").endswith("Z")
    assert shown.pop("updated_at").endswith("Z")
    assert shown == {
        "id": "33333333-0000-5000-8000-000000000001",
        "sku": "T-1",
        "slug": "assam",
        "name": "Assam",
        "description": "A malty black tea from the plains.",
        "seller": {"id": "22222222-0000-5000-8000-000000000001", "slug": "teas", "name": "Camellia & Kettle"},
        "category": {"slug": "tea", "name": "Tea"},
        "price_minor": 1240,
        "currency": "EUR",
        "tax_rate_bp": 700,
        "picture_url": market.assam.picture_url,
        "available": 5,
        "rating": {"count": 0, "average": None},
        "status": "active",
        "version": 1,
    }
    assert answer.headers["ETag"] == '"1"'


def test_what_inventory_never_spoke_of_is_unknown(api: APIClient, market: SimpleNamespace) -> None:
    assert api.get(f"{PRODUCTS}/{market.map.pk}").json()["available"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["T-1", "T-2", "M-1", "T-3"]),
        ("ordering=-name", ["T-3", "M-1", "T-2", "T-1"]),
        ("ordering=price", ["T-1", "T-3", "T-2", "M-1"]),
        ("ordering=-price", ["M-1", "T-2", "T-3", "T-1"]),
        ("category=maps", ["M-1"]),
        ("category=nothing-like-it", []),
        ("seller=teas&ordering=price", ["T-1", "T-3", "T-2"]),
        ("min_price_minor=1333&max_price_minor=1850&ordering=price", ["T-3", "T-2"]),
        ("in_stock=true", ["T-1"]),
        ("in_stock=false", ["T-2", "M-1", "T-3"]),
        # the name weighs more than the description, and word forms are one word
        ("search=assam", ["T-1", "M-1", "T-3"]),
        ("search=plain", ["T-1"]),
        ("search=assam -map&ordering=name", ["T-1", "T-3"]),
        ('search="tea gardens"', ["M-1"]),
        ("search=assam&ordering=price", ["T-1", "T-3", "M-1"]),
        ("search=zeppelin", []),
        ("search=%27%3B--", []),
    ],
)
def test_search_filters_and_orderings(
    api: APIClient, market: SimpleNamespace, query: str, expected: list[str]
) -> None:
    Availability.objects.create(product=market.assam, on_hand=7, available=5, version=1)
    Availability.objects.create(product=market.darjeeling, on_hand=1, available=0, version=1)
    assert skus(api.get(f"{PRODUCTS}?{query}")) == expected


@pytest.mark.parametrize("ordering", ["name", "-name", "price", "-price", "newest", "-rating", "relevance"])
def test_pages_show_each_product_once(api: APIClient, market: SimpleNamespace, ordering: str) -> None:
    """Also where many rows are equal in what they are ordered by, and while others come in between."""
    tea = Category.objects.get(slug="tea")
    drafts = [
        ProductDraft(
            seller=market.teas, category=tea, sku=f"N-{n}", slug=f"n-{n}", name="Assam", price_minor=500
        )
        for n in range(9)
    ]
    Product.objects.introduce(drafts, by="tess")
    search = "&search=assam" if ordering == "relevance" else ""
    whole = skus(api.get(f"{PRODUCTS}?ordering={ordering}&limit=100{search}"))
    seen, cursor = list[str](), ""
    while True:
        page = api.get(f"{PRODUCTS}?ordering={ordering}&limit=2{search}{cursor}")
        seen += skus(page)
        if not page.json()["next_cursor"]:
            break
        assert len(page.json()["items"]) == 2
        cursor = f"&cursor={page.json()['next_cursor']}"
    assert seen == whole
    assert len(set(seen)) == (12 if search else 13)


def test_a_page_that_is_just_full_is_the_last(api: APIClient, market: SimpleNamespace) -> None:
    assert api.get(f"{PRODUCTS}?limit=4").json()["next_cursor"] is None
    assert api.get(f"{PRODUCTS}?limit=3").json()["next_cursor"] is not None


@pytest.mark.parametrize(
    ("time", "status"),
    [
        ("2026-01-01T00:00:00+23:59", 200),
        ("0001-01-01T00:00:00+14:00", 400),
        ("9999-12-31T23:59:59-14:00", 400),
    ],
)
def test_a_cursor_with_an_offset_that_postgresql_has_not(
    api: APIClient, time: str, status: int, db: None
) -> None:
    cursor = encode({"order": "newest", "value": time, "key": str(uuid4())})
    answer = api.get(PRODUCTS, {"ordering": "newest", "cursor": cursor})
    assert answer.status_code == status


def test_the_list_costs_one_query_however_long_it_is(
    api: APIClient, market: SimpleNamespace, django_assert_num_queries: Any
) -> None:
    for query in ("", "?search=assam", "?in_stock=true&category=tea", "?limit=1", "?ordering=-rating"):
        with django_assert_num_queries(1):
            api.get(f"{PRODUCTS}{query}")
    with django_assert_num_queries(1):
        api.get(f"{PRODUCTS}/batch?ids={market.assam.pk},{market.map.pk},{market.sencha.pk}")


def test_archived_products_leave_the_list_but_not_their_address(
    api: APIClient, market: SimpleNamespace
) -> None:
    Product.objects.filter(pk=market.assam.pk).archive(by="tess")
    assert "T-1" not in skus(api.get(PRODUCTS))
    assert api.get(f"{PRODUCTS}/{market.assam.pk}").json()["status"] == "archived"
    assert skus(api.get(f"{PRODUCTS}/batch?ids={market.assam.pk}")) == ["T-1"]


def test_a_batch_comes_in_the_order_asked_for_and_names_what_is_missing(
    api: APIClient, market: SimpleNamespace
) -> None:
    unknown = "99999999-0000-5000-8000-000000000009"
    asked = [market.map.pk, unknown, market.assam.pk, market.map.pk]
    answer = api.get(f"{PRODUCTS}/batch?ids={','.join(map(str, asked))}")
    assert skus(answer) == ["M-1", "T-1"]
    assert answer.json()["missing"] == [unknown]
    assert answer.json()["next_cursor"] is None


def test_the_price_history_tells_prices_and_not_people(api: APIClient, market: SimpleNamespace) -> None:
    Product.objects.filter(pk=market.assam.pk).revise(by="account:secret", price_minor=1000)
    answer = api.get(f"{PRODUCTS}/{market.assam.pk}/prices")
    assert [(item["version"], item["price_minor"]) for item in answer.json()["items"]] == [
        (2, 1000),
        (1, 1240),
    ]
    assert "secret" not in answer.content.decode()
    page = api.get(f"{PRODUCTS}/{market.assam.pk}/prices?limit=1").json()
    rest = api.get(f"{PRODUCTS}/{market.assam.pk}/prices?limit=1&cursor={page['next_cursor']}").json()
    assert [item["version"] for item in rest["items"]] == [1]


def test_categories_and_sellers(api: APIClient) -> None:
    assert api.get("/api/catalog/categories").json() == {
        "items": [
            {"slug": "maps", "name": "Maps", "tax_rate_bp": 1900},
            {"slug": "tea", "name": "Tea", "tax_rate_bp": 700},
        ],
        "next_cursor": None,
    }
    assert [seller["slug"] for seller in api.get("/api/catalog/sellers").json()["items"]] == ["teas", "maps"]
    assert api.get("/api/catalog/sellers/maps").json()["name"] == "Meridian Old Maps"
    assert api.get("/api/catalog/sellers/nobody").status_code == 404


def test_pictures_are_served_so_that_they_can_only_draw(api: APIClient, market: SimpleNamespace) -> None:
    answer = api.get(market.assam.picture_url)
    assert answer.status_code == 200
    assert answer.content.startswith(b"<svg")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (
        answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    )
    assert "immutable" in answer.headers["Cache-Control"]
    again = api.get(market.assam.picture_url, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert api.get("/api/catalog/pictures/99999999-0000-5000-8000-000000000009").status_code == 404
    # the same bytes are one picture
    assert market.assam.picture_url == market.darjeeling.picture_url

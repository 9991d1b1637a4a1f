"""The committed market: what stands in it, and that it is what the stalls say."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import pytest
import yaml

from demo.make_market import DEMO, MARKET, NAMESPACE, as_text, main, make_market, slugify, stable_id

MARKET_TEXT = MARKET.read_text(encoding="utf-8")
COMMITTED: dict[str, Any] = yaml.safe_load(MARKET_TEXT)
PRODUCTS = [product for seller in COMMITTED["sellers"] for product in seller["products"]]


def test_the_committed_file_is_what_the_stalls_say() -> None:
    assert as_text(make_market()) == MARKET_TEXT
    assert main(["--check"]) == 0


def test_the_market_is_as_large_as_promised() -> None:
    assert len(COMMITTED["sellers"]) == 8
    assert len(PRODUCTS) >= 220
    assert all(len(seller["products"]) >= 25 for seller in COMMITTED["sellers"])


@pytest.mark.parametrize("field", ["id", "sku", "slug", "name", "description", "picture"])
def test_no_two_products_share_a(field: str) -> None:
    assert [
        value for value, count in Counter(product[field] for product in PRODUCTS).items() if count > 1
    ] == []


def test_ids_never_change() -> None:
    """They stand in orders, events and books of markets that run: a new id is another product."""
    by_sku = {product["sku"]: product["id"] for product in PRODUCTS}
    assert by_sku["PL-101"] == str(uuid.uuid5(NAMESPACE, "product/PL-101"))
    assert by_sku["PL-101"] == "0841778f-28fe-5cd2-8be2-77d5b27c71e4"
    assert stable_id("account", "shopper@bazaar.example") == "17a1b4fe-68da-5c3b-8c55-2ec702c0478e"
    everyone = [*COMMITTED["accounts"], *COMMITTED["sellers"], *PRODUCTS]
    assert len({each["id"] for each in everyone}) == len(everyone)


def test_prices_and_stock_are_plausible() -> None:
    for product in PRODUCTS:
        assert isinstance(product["price_minor"], int)
        assert 200 <= product["price_minor"] <= 250_000, product
        assert isinstance(product["stock"], int)
        assert 0 <= product["stock"] <= 200, product
    assert sum(product["stock"] == 0 for product in PRODUCTS) >= 3
    assert sum(1 <= product["stock"] <= 3 for product in PRODUCTS) >= 8


def test_every_category_is_known_and_taxed() -> None:
    rates = {category["slug"]: category["tax_rate_bp"] for category in COMMITTED["categories"]}
    assert {product["category"] for product in PRODUCTS} == set(rates)
    assert {rates[slug] for slug in ("books", "tea", "spices")} == {700}
    assert {rate for slug, rate in rates.items() if slug not in {"books", "tea", "spices"}} == {1900}


def test_descriptions_are_sentences() -> None:
    for product in PRODUCTS:
        assert 30 <= len(product["description"]) <= 300, product["sku"]
        assert product["description"].rstrip("'’”\"")[-1] in ".!?", product["sku"]


def test_accounts_are_marked_as_demo_and_have_every_role() -> None:
    accounts = COMMITTED["accounts"]
    assert "DEMO ONLY" in MARKET_TEXT.partition("accounts:")[0]
    assert {role for account in accounts for role in account["roles"]} == {"shopper", "seller", "operator"}
    assert all(len(account["password"]) >= 12 and "demo-only" in account["password"] for account in accounts)
    assert all(account["email"].endswith("@bazaar.example") for account in accounts)


def test_every_stall_has_its_staff() -> None:
    sellers = {account["email"] for account in COMMITTED["accounts"] if "seller" in account["roles"]}
    assert [staff for seller in COMMITTED["sellers"] for staff in seller["staff"]] == sorted(sellers)


def test_a_slug_is_plain() -> None:
    assert slugify("Hōjicha") == "hojicha"
    assert slugify("Alice's Adventures, 1,000 Pieces") == "alices-adventures-1-000-pieces"


def test_every_product_has_its_picture() -> None:
    assert sorted(product["picture"] for product in PRODUCTS) == sorted(
        f"pictures/{path.name}" for path in (DEMO / "pictures").iterdir()
    )

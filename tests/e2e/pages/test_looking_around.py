"""Finding things: search, filters, more results, the way back; and addresses where there is nothing."""

from __future__ import annotations

import re
import uuid
from itertools import islice

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.pages.conftest import OpenShop
from tests.e2e.pages.shop import Product, Shop
from tests.kit.market import products


def names(cards: Locator) -> list[str]:
    return [name.strip() for name in cards.locator(".card-name").all_inner_texts()]


def cards_of(shop: Shop) -> Locator:
    return shop.page.locator("#results .card")


def filter_by(shop: Shop, label: str, value: str) -> None:
    shop.page.get_by_role("form", name="Filter").get_by_label(label).select_option(value)
    if not shop.scripts:
        shop.button("Filter").click()


def test_a_search_finds_by_words(any_shop: Shop, product: Product) -> None:
    shop = any_shop.open("/")
    shop.page.get_by_role("searchbox", name="Search the market").fill(product["name"])
    shop.page.keyboard.press("Enter")
    expect(shop.page).to_have_url(re.compile(r"/search\?q="))
    expect(cards_of(shop).first).to_contain_text(product["name"])
    cards_of(shop).first.get_by_role("link").click()
    expect(shop.page.get_by_role("heading", level=1)).to_have_text(product["name"])


def test_a_search_without_results_says_so(shop: Shop) -> None:
    shop.open(f"/search?q={uuid.uuid4().hex}")
    expect(shop.page.get_by_role("heading", name="Nothing like that on any table")).to_be_visible()


def test_a_filter_narrows_and_going_back_widens_again(any_shop: Shop) -> None:
    shop = any_shop.open("/search")
    before = names(cards_of(shop))
    filter_by(shop, "Kind", "maps")
    expect(shop.page).to_have_url(re.compile("category=maps"))
    expect(shop.page.locator("#filter-category")).to_have_value("maps")
    maps = [item["name"] for item in islice(products(category="maps", ordering="newest"), len(before))]
    expect(cards_of(shop).locator(".card-name")).to_have_text(maps)
    filter_by(shop, "Order", "price")
    expect(shop.page).to_have_url(re.compile("sort=price"))
    shop.page.go_back()
    expect(shop.page).to_have_url(re.compile("category=maps"))
    expect(cards_of(shop).locator(".card-name")).to_have_text(maps)
    shop.page.go_back()
    expect(shop.page).to_have_url(re.compile("/search$"))
    expect(shop.page.locator("#filter-category")).to_have_value("")
    expect(cards_of(shop).locator(".card-name")).to_have_text(before)


def test_prices_bound_what_is_shown(shop: Shop) -> None:
    shop.open("/search?min=10&max=12.50&sort=price")
    shown = [float(text.strip().lstrip("€")) for text in cards_of(shop).locator(".price").all_inner_texts()]
    assert shown == sorted(shown)
    assert shown
    assert 10 <= shown[0] <= shown[-1] <= 12.5


def test_a_price_that_is_none_is_said_at_its_field(shop: Shop) -> None:
    shop.open("/search?min=ten")
    expect(shop.page.get_by_text("Please give a price such as 12.50.")).to_be_visible()


def test_more_results_come_after_the_first_ones(any_shop: Shop) -> None:
    shop = any_shop.open("/search?sort=name")
    first = names(cards_of(shop))
    shop.page.get_by_role("link", name="Show more").click()
    if shop.scripts:
        expect(cards_of(shop)).to_have_count(2 * len(first))
    else:
        expect(shop.page).to_have_url(re.compile("cursor="))
        expect(cards_of(shop).first).not_to_contain_text(first[0])
    after = names(cards_of(shop))
    following = after[len(first) :] if shop.scripts else after
    assert len(following) == len(first)
    assert sorted(first + following, key=str.casefold) == sorted(first, key=str.casefold) + sorted(
        following, key=str.casefold
    ), "the second page follows the first"
    assert len({*first, *following}) == 2 * len(first)


def test_the_way_back_from_a_product_leads_to_where_one_was(shop: Shop) -> None:
    shop.open("/categories/maps")
    found = names(cards_of(shop))
    cards_of(shop).nth(2).get_by_role("link").click()
    expect(shop.page.get_by_role("heading", level=1)).to_have_text(found[2])
    shop.page.go_back()
    expect(shop.page.get_by_role("heading", level=1)).to_have_text("Old maps")
    assert names(cards_of(shop)) == found


def test_each_stall_leads_to_its_goods(shop: Shop, market: dict[str, list[dict[str, str]]]) -> None:
    shop.open("/stalls")
    links = shop.page.get_by_role("main").locator(".stall-name a")
    assert sorted(links.all_inner_texts()) == sorted(seller["name"] for seller in market["sellers"])
    name = links.first.inner_text()
    links.first.click()
    expect(shop.page.get_by_role("heading", level=1)).to_have_text(name)
    expect(cards_of(shop).first.locator(".card-stall")).to_have_text(name)


NOWHERE = [
    "/nowhere",
    "/products/not-an-id",
    f"/products/{uuid.UUID(int=7)}",
    "/stalls/nobodys",
    "/categories/nothing",
    "/source/../docker-compose.yml",
    "/source/services/storefront/.venv/pyvenv.cfg",
]


@pytest.mark.parametrize("path", NOWHERE)
def test_where_there_is_nothing_the_market_says_so(open_shop: OpenShop, path: str) -> None:
    shop = open_shop("phone").open(path, status=404)
    expect(shop.page.get_by_role("heading", level=1)).to_be_visible()
    expect(shop.page.get_by_role("main")).to_contain_text("404")
    shop.page.get_by_role("main").get_by_role("link", name="To the market square").click()
    expect(shop.page).to_have_url(re.compile("/$"))


def test_the_foot_of_a_page_tells_how_it_was_made_and_shows_the_code(
    any_shop: Shop, product: Product
) -> None:
    shop = any_shop.look_at(product)
    panel = shop.page.locator("#anatomy")
    panel.locator("summary").click()
    rows = panel.locator("tbody tr")
    services = {text.split()[0] for text in rows.locator("td:first-child").all_inner_texts()}
    assert {"catalog", "reviews"} <= services, services
    rows.filter(has_text="reviews").first.get_by_role("link").click()
    expect(shop.page).to_have_url(re.compile(r"/source/services/reviews/"))
    expect(shop.page.locator(".code")).to_contain_text("def ")

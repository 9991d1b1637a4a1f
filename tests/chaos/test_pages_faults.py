"""Services away while somebody shops: the pages say what is missing, and all is whole again afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from playwright.sync_api import Browser, expect

from native.modes import Mode
from tests.e2e.pages.browser import Watch, chromium, new_context
from tests.e2e.pages.shop import Product, Shop
from tests.kit.market import GATEWAY, Shopper, eventually

type Audit = Callable[[], None]

BROKEN = ("Traceback", "Internal Server Error", "Undefined", "None</")


@dataclass(frozen=True)
class Away:
    """What the pages are without a service: the status of each, and the words that say what is missing."""

    service: str
    home: str
    search: tuple[int, str]
    product: tuple[int, str]
    basket: tuple[int, str]
    orders: tuple[int, str] = (200, "Your orders")
    provoked: set[int] = field(default_factory=lambda: {503})


CLOSED = "Closed for a moment"
MISSING = "Part of the market is not answering just now: {}"
AWAY = [
    Away(
        "catalog",
        home=MISSING.format("catalog"),
        search=(503, CLOSED),
        product=(503, CLOSED),
        basket=(200, "Check out"),
    ),
    Away(
        "reviews",
        # the stars on the cards are the catalog's own copy
        home="The stalls",
        search=(200, "“tea”"),
        product=(200, "The reviews do not answer just now"),
        basket=(200, "Check out"),
    ),
    Away(
        "basket",
        home=MISSING.format("basket"),
        search=(200, MISSING.format("basket")),
        product=(200, MISSING.format("basket")),
        basket=(200, "Your basket is out of reach"),
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def shop(browser: Browser) -> Iterator[Shop]:
    context = new_context(browser, "phone")
    shop = Shop(context.new_page(), Watch().over(context), "phone", scripts=True)
    yield shop
    context.close()
    shop.watch.assert_clean()


@contextmanager
def stopped(mode: Mode, process: str) -> Iterator[None]:
    mode.stop(process)
    try:
        yield
    finally:
        mode.start(process)
        eventually(lambda: mode.ready(process), within=90, every=0.5, what=f"{process} to be ready again")


def says(shop: Shop, path: str, status: int, words: str) -> None:
    shop.open(path, status=status)
    main = shop.page.get_by_role("main")
    expect(main).to_contain_text(words)
    expect(main.get_by_role("heading", level=1)).to_be_visible()
    expect(shop.page.get_by_role("banner")).to_be_visible()
    text = shop.page.content()
    assert [word for word in BROKEN if word in text] == []


def whole(shop: Shop, product: Product) -> None:
    """Nothing is missing any more: neither the gateway nor the storefront keeps a grudge."""

    def nothing_missing() -> bool:
        answer = shop.page.goto(f"/products/{product['id']}")
        notes = shop.page.get_by_text("not answering just now").or_(shop.page.get_by_text("do not answer"))
        return answer is not None and answer.status == 200 and not notes.count()

    eventually(nothing_missing, within=30, every=0.5, what="the pages to be whole again")


@pytest.mark.parametrize("away", AWAY, ids=[away.service for away in AWAY])
def test_a_service_is_away_while_somebody_shops(
    mode: Mode, shop: Shop, shopper: Shopper, goods: list[Product], audit: Audit, away: Away
) -> None:
    product = goods[7]
    shop.sign_in(shopper).add(product)
    shop.watch.provoked |= away.provoked
    with stopped(mode, away.service):
        says(shop, "/", 200, away.home)
        says(shop, "/search?q=tea", *away.search)
        says(shop, f"/products/{product['id']}", *away.product)
        says(shop, "/basket", *away.basket)
        says(shop, "/orders", *away.orders)
    whole(shop, product)
    order_id = shop.check_out().fill_order().buy()
    shop.ends_as("Confirmed", within=90)
    assert shopper.get(f"/api/orders/{order_id}").json()["status"] == "confirmed"
    audit()


def test_what_cannot_be_put_into_the_basket_is_said(
    mode: Mode, shop: Shop, shopper: Shopper, goods: list[Product]
) -> None:
    product = goods[8]
    shop.sign_in(shopper).look_at(product)
    shop.watch.provoked.add(503)
    with stopped(mode, "basket"):
        shop.button("Add to basket").click()
        shop.is_told("did not work")
    whole(shop, product)
    shop.add(product)


def test_the_storefront_is_away_and_the_gateway_says_so(
    mode: Mode, shop: Shop, shopper: Shopper, goods: list[Product], audit: Audit
) -> None:
    shop.sign_in(shopper)
    with stopped(mode, "storefront"):
        shop.open("/", status=503)
        expect(shop.page.get_by_role("heading", level=1)).to_have_text(
            "The market's pages are away for a moment"
        )
        answer = httpx.get(f"{GATEWAY}/", headers={"Accept": "text/html"}, timeout=15)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    whole(shop, goods[9])
    expect(shop.signed_in).to_be_attached()
    shop.add(goods[9]).check_out().fill_order().buy()
    shop.ends_as("Confirmed", within=90)
    audit()


def test_the_storefront_is_killed_while_an_order_is_watched(
    mode: Mode, shop: Shop, shopper: Shopper, goods: list[Product]
) -> None:
    shop.sign_in(shopper).add(goods[10]).check_out().fill_order("tok_late").buy()
    expect(shop.verdict).to_have_text("On its way through the market")
    # the stream's end, and refusals until it is up again
    shop.watch.provoked |= {502, 503}
    shop.watch.forgiven |= {"[object Event]", "net::ERR_INCOMPLETE_CHUNKED_ENCODING"}
    mode.kill("storefront")
    eventually(lambda: mode.ready("storefront"), within=90, every=0.5, what="the storefront")
    shop.ends_as("Confirmed", within=60)

"""Browsers for the pages' tests: phone and desktop, with and without scripts, each watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.e2e.pages.browser import Device, Watch, chromium, new_context
from tests.e2e.pages.shop import Product, Shop
from tests.kit.market import ROOT, Shopper, eventually, in_stock

PICTURES = ROOT / ".bazaar" / "screenshots"
FAILED = pytest.StashKey[bool]()

type OpenShop = Callable[..., Shop]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


# a package's, not the session's: two Playwrights can't run side by side, and other modules have theirs
@pytest.fixture(scope="package")
def browser(market: dict[str, Any]) -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def open_shop(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenShop]:
    """Somebody new at the market, with no cookie; each is watched until the test ends."""
    opened: list[tuple[BrowserContext, Shop]] = []

    def new(device: Device = "desktop", *, scripts: bool = True, **more: Any) -> Shop:
        context = new_context(browser, device, scripts=scripts, **more)
        shop = Shop(context.new_page(), Watch().over(context), device, scripts)
        opened.append((context, shop))
        return shop

    yield new
    for number, (context, shop) in enumerate(opened):
        if request.node.stash.get(FAILED, True):
            PICTURES.mkdir(parents=True, exist_ok=True)
            shop.page.screenshot(path=PICTURES / f"failed-{request.node.name}-{number}.png", full_page=True)
        context.close()
    for _, shop in opened:
        shop.watch.assert_clean()


@pytest.fixture(params=["phone", "desktop"])
def device(request: pytest.FixtureRequest) -> Device:
    chosen: Device = request.param
    return chosen


@pytest.fixture(params=[True, False], ids=["scripts", "plain"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def shop(open_shop: OpenShop, device: Device) -> Shop:
    return open_shop(device)


@pytest.fixture
def any_shop(open_shop: OpenShop, device: Device, scripts: bool) -> Shop:
    """In all four ways: on a phone and at a desk, with scripts and without."""
    return open_shop(device, scripts=scripts)


@pytest.fixture(scope="package")
def shelf(market: dict[str, Any]) -> Iterator[Product]:
    """Products that no other test here has touched."""
    return iter(in_stock())


@pytest.fixture
def product(shelf: Iterator[Product]) -> Product:
    return next(shelf)


@pytest.fixture
def member(market: dict[str, Any]) -> Shopper:
    # the gateway counts sign-ups from one address, and all of these come from one
    return eventually(Shopper.new, within=30, every=1, what="an account")


@dataclass(frozen=True)
class Delivery:
    """An order that is on its way from the start, for what is told of goods that have arrived."""

    shopper: Shopper
    first: Product
    others: Iterator[Product]

    def arrived(self) -> None:
        def may_review() -> bool:
            answer = self.shopper.get(f"/api/reviews/mine/products/{self.first['id']}")
            return answer.status_code == 200 and (answer.json()["may_review"] or answer.json()["review"])

        eventually(may_review, within=240, every=1, what="the parcels of the first order to be delivered")


@pytest.fixture(scope="package", autouse=True)
def delivery(shelf: Iterator[Product]) -> Iterator[Delivery]:
    shopper, products = Shopper.new(), [next(shelf) for _ in range(16)]
    order = shopper.buy([(product, 1) for product in products])
    assert shopper.settled(order["id"])["status"] == "confirmed"
    yield Delivery(shopper, products[0], iter(products[1:]))
    for review in shopper.get("/api/reviews/mine", params={"limit": 50}).json()["items"]:
        version = {"If-Match": f'"{review["version"]}"'}
        assert shopper.request("DELETE", f"/api/reviews/{review['id']}", headers=version).status_code == 204


@pytest.fixture
def delivered(delivery: Delivery) -> Product:
    """Something that has arrived, and of which nobody has written here."""
    delivery.arrived()
    return next(delivery.others)

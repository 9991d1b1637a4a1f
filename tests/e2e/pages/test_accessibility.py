"""axe-core on every kind of page (WCAG 2.2 AA), light and dark, phone and desktop; pictures are kept."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState

from tests.e2e.pages.browser import Device, Scheme, new_context
from tests.e2e.pages.conftest import PICTURES, Delivery, OpenShop
from tests.e2e.pages.shop import Product, Shop
from tests.kit.market import Shopper, products
from tests.kit.sampling import FULL, SEED

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    # off in axe-core unless it is asked for
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    # it would read the style sheets again, for rules that are not asked for
    "preload": False,
}
# the same page again: only its colours differ
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
SCHEMES: dict[Scheme, dict[str, Any]] = {"light": RULES, "dark": COLOURS}


def violations(page: Page, rules: dict[str, Any]) -> list[str]:
    found = Axe().run(page, options=rules).response["violations"]
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]


def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways (WCAG 1.4.10)."""
    return page.evaluate("""() => {
      const room = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= room) return [];
      return [...document.querySelectorAll("body *")]
        .filter((element) => element.getBoundingClientRect().right > room + 1)
        .map((element) => element.outerHTML.slice(0, 100)).slice(0, 5);
    }""")


@dataclass(frozen=True)
class Scene:
    """What the pages are about, made once for all of them."""

    member: StorageState
    operator: StorageState
    guest: StorageState
    product: Product
    reviewed: Product
    confirmed: str
    cancelled: str


@pytest.fixture(scope="package")
def scene(browser: Browser, delivery: Delivery, operator: Shopper, market: Any) -> Scene:
    shopper = delivery.shopper
    refused = shopper.buy([(delivery.first, 1)], token="tok_decline")
    shopper.settled(refused["id"])
    orders = shopper.get("/api/orders").json()["items"]
    found = list(products(ordering="name"))
    reviewed = max(found, key=lambda item: (item.get("rating") or {}).get("count", 0))

    def cookies_of(use: Callable[[Shop], Any]) -> StorageState:
        from tests.e2e.pages.browser import Watch

        context = new_context(browser, "desktop")
        use(Shop(context.new_page(), Watch(), "desktop", True))
        state = context.storage_state()
        context.close()
        return state

    return Scene(
        member=cookies_of(lambda shop: shop.sign_in(shopper).add(delivery.first, 2)),
        operator=cookies_of(lambda shop: shop.sign_in(operator)),
        guest=cookies_of(lambda shop: shop.add(delivery.first).add(reviewed, 3)),
        product=delivery.first,
        reviewed=reviewed,
        confirmed=next(order["id"] for order in orders if order["status"] != "cancelled"),
        cancelled=refused["id"],
    )


type Visit = tuple[str, str, int]  # whose cookies, path, status

PAGES: dict[str, Callable[[Scene], Visit]] = {
    "home": lambda scene: ("guest", "/", 200),
    "stalls": lambda scene: ("", "/stalls", 200),
    "search": lambda scene: ("guest", "/search?q=tea&min=x", 200),
    "search-empty": lambda scene: ("", "/search?q=qqqqqqqq", 200),
    "category": lambda scene: ("", "/categories/maps", 200),
    "stall": lambda scene: ("", f"/stalls/{scene.reviewed['seller']['slug']}", 200),
    "product": lambda scene: ("guest", f"/products/{scene.reviewed['id']}", 200),
    "product-member": lambda scene: ("member", f"/products/{scene.product['id']}", 200),
    "basket": lambda scene: ("guest", "/basket", 200),
    "basket-empty": lambda scene: ("", "/basket", 200),
    "checkout": lambda scene: ("member", "/checkout", 200),
    "checkout-guest": lambda scene: ("guest", "/checkout", 200),
    "sign-in": lambda scene: ("", "/sign-in", 200),
    "sign-up": lambda scene: ("", "/sign-up", 200),
    "orders": lambda scene: ("member", "/orders", 200),
    "order": lambda scene: ("member", f"/orders/{scene.confirmed}", 200),
    "order-cancelled": lambda scene: ("member", f"/orders/{scene.cancelled}", 200),
    "about": lambda scene: ("", "/about", 200),
    "source": lambda scene: ("", "/source/services/orders/src/orders/checkout/place.py", 200),
    "not-found": lambda scene: ("", "/nowhere", 404),
    "messages": lambda scene: ("member", "/messages", 200),
    "moderation": lambda scene: ("operator", "/moderation/reviews", 200),
    "moderation-forbidden": lambda scene: ("member", "/moderation/reviews", 403),
}


# every page each time; both widths of all of them with FULL=1
DEVICES: tuple[Device, ...] = ("phone", "desktop")
VISITS = [
    (name, device)
    for name in PAGES
    for device in (DEVICES if FULL else [random.Random(f"{SEED} {name}").choice(DEVICES)])
]


@pytest.mark.parametrize(("name", "device"), VISITS)
def test_a_page_is_for_everybody(open_shop: OpenShop, scene: Scene, device: Device, name: str) -> None:
    whose, path, status = PAGES[name](scene)
    shop = open_shop(device, storage_state=getattr(scene, whose) if whose else None)
    shop.open(path, status=status)
    shows_well(shop, name)


def test_the_review_of_an_operator_is_for_everybody(
    open_shop: OpenShop, scene: Scene, device: Device
) -> None:
    shop = open_shop(device, storage_state=scene.operator).open("/moderation/reviews")
    shop.page.locator("article h2 a").first.click()
    shop.page.get_by_label("Why it is hidden").wait_for()
    shows_well(shop, "moderation-review")


def test_the_open_panel_is_for_everybody(open_shop: OpenShop, scene: Scene, device: Device) -> None:
    shop = open_shop(device, storage_state=scene.guest).open(f"/products/{scene.product['id']}")
    shop.page.locator("#anatomy summary").click()
    shows_well(shop, "anatomy")


def test_a_form_with_mistakes_is_for_everybody(open_shop: OpenShop, scene: Scene, device: Device) -> None:
    shop = open_shop(device, storage_state=scene.member).open("/checkout")
    form = shop.page.locator("#order-form")
    form.evaluate("form => { form.noValidate = true }")
    for label in ("Name", "Street and number", "Town"):
        form.get_by_label(label, exact=True).fill("")
    shop.watch.provoked.add(422)
    assert shop.send_order().status == 422
    shop.page.get_by_role("alert").wait_for()
    shows_well(shop, "checkout-mistakes")


def shows_well(shop: Shop, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    assert too_wide(shop.page) == []
    # a picture of the whole page shows what nobody has scrolled to yet
    shop.page.evaluate("""() => {
      for (const image of document.images) image.loading = "eager";
      return Promise.all([...document.images].map((image) => image.decode().catch(() => null)));
    }""")
    for scheme, rules in SCHEMES.items():
        shop.page.emulate_media(color_scheme=scheme)
        shop.page.screenshot(path=PICTURES / f"{name}-{shop.device}-{scheme}.png", full_page=True)
        assert violations(shop.page, rules) == [], scheme

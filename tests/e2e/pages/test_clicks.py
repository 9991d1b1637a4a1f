"""What a page tells of what was done on it: by whom it is heard, and of whom nothing is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.pages.browser import CHROMIUM, QUIET
from tests.e2e.pages.conftest import OpenShop
from tests.e2e.pages.shop import Product, Shop
from tests.kit.beside import BROWSER
from tests.kit.market import Shopper, eventually, in_stock

# a browser says neither what a beacon held nor what came of it once its page is left: the page writes it down
WRITES_DOWN = """
  const Plain = Blob;
  window.Blob = class extends Plain {
    constructor(parts, options) {
      super(parts, options);
      if (options?.type !== "application/json") return;
      sessionStorage.told = (sessionStorage.told ?? "") + parts[0] + "\\n";
    }
  };
"""


@pytest.fixture
def product(market: dict[str, Any]) -> Product:
    """As it is now; other tests may have touched it."""
    return in_stock()[-1]


@pytest.fixture(scope="module")
def browser(browser: Browser) -> Iterator[Browser]:
    """One that calls itself a person's: a headless one is taken for a machine, and machines are not counted.
    From its start, for a context's own name is not that of beacons whose page was left.
    """
    path = str(CHROMIUM) if CHROMIUM.exists() else None
    flags = ["--no-sandbox", "--disable-quic", f"--user-agent={BROWSER['User-Agent']}", *QUIET]
    named = browser.browser_type.launch(executable_path=path, args=flags)
    yield named
    named.close()


def telling(open_shop: OpenShop, **more: Any) -> Shop:
    shop = open_shop(**more)
    shop.page.add_init_script(WRITES_DOWN)
    return shop


def asked_of(shop: Shop) -> list[str]:
    """The addresses that its pages ask for from now on."""
    urls: list[str] = []
    shop.page.context.on("request", lambda request: urls.append(request.url))
    return urls


def told(shop: Shop) -> list[dict[str, Any]]:
    """Of all pages so far but the one that is open, which has told nothing yet."""
    text: str = shop.page.evaluate("sessionStorage.told ?? ''")
    return [event for bundle in text.splitlines() for event in json.loads(bundle)["events"]]


def without_ids(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in event.items() if name not in ("id", "at")} for event in events]


def funnel(operator: Shopper) -> dict[str, int]:
    answer = operator.get("/api/insights/funnel", params={"hours": 24})
    assert answer.status_code == 200, answer.text
    return {step["step"]: step["sessions"] for step in answer.json()["steps"]}


def test_a_purchase_is_told_from_the_first_look(
    open_shop: OpenShop, member: Shopper, operator: Shopper, product: Product
) -> None:
    before = funnel(operator)
    shop = telling(open_shop).sign_in(member)
    word = product["name"].split()[0]
    shop.open(f"/search?q={quote(word)}")
    shop.add(product, 2).check_out().fill_order()
    order_id = shop.buy()
    shop.open("/about")

    events = told(shop)
    assert len({event["id"] for event in events}) == len(events)
    found = without_ids(events)
    page = "/products/{product_id}"
    assert {"kind": "search", "page": "/search", "query": word} in found
    assert {"kind": "view", "page": page, "product_id": product["id"]} in found
    assert {"kind": "add", "page": page, "product_id": product["id"], "quantity": 2} in found
    assert [each["order_id"] for each in found if each["kind"] == "buy"] == [order_id]
    # where somebody was is told by its kind
    assert order_id not in json.dumps([each for each in found if each["kind"] != "buy"])
    for personal in (member.email, member.account["id"], member.token):
        assert personal not in json.dumps(events)

    def counted() -> bool:
        now = funnel(operator)
        return all(now[step] > before[step] for step in ("view", "search", "add", "buy"))

    eventually(counted, within=120, every=1, what="insights to have counted the visit")


def test_a_page_that_stays_open_tells_by_itself(open_shop: OpenShop, product: Product) -> None:
    shop = telling(open_shop)
    with shop.page.expect_response("**/api/clickstream", timeout=20_000) as answer:
        shop.look_at(product)
    assert answer.value.status == 202
    assert answer.value.json() == {"accepted": 1}


def test_looking_at_an_order_again_buys_nothing(
    open_shop: OpenShop, member: Shopper, product: Product
) -> None:
    shop = telling(open_shop).sign_in(member)
    order_id = shop.add(product).check_out().fill_order().buy()
    for _ in range(2):
        shop.open(f"/orders/{order_id}")
    shop.open("/about")
    assert [event["kind"] for event in told(shop)].count("buy") == 1


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_who_asks_not_to_be_counted_is_not(open_shop: OpenShop, product: Product, header: str) -> None:
    shop = telling(open_shop, extra_http_headers={header: "1"})
    asked = asked_of(shop)
    shop.add(product).open("/search?q=tea").open("/about")
    assert told(shop) == []
    assert [url for url in asked if "/api/clickstream" in url] == []
    assert "bazaar_visit" not in {cookie["name"] for cookie in shop.page.context.cookies()}


def test_a_browser_that_says_so_only_to_scripts_is_not_counted_either(
    open_shop: OpenShop, product: Product
) -> None:
    shop = telling(open_shop)
    shop.page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    shop.add(product).open("/about")
    assert told(shop) == []


def test_without_scripts_all_of_it_works_and_nothing_is_told(open_shop: OpenShop, product: Product) -> None:
    shop = open_shop(scripts=False)
    asked = asked_of(shop)
    shop.add(product)
    expect(shop.line(product)).to_be_visible()
    assert [url for url in asked if "/api/clickstream" in url] == []

"""The back office in a real browser, through the gateway: a seller's day, and what reaches the checkout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.kit.market import GATEWAY, ROOT, Shopper, checkout, eventually

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = str(CHROMIUM) if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-quic", *QUIET]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    pictures = ROOT / ".bazaar" / "screenshots"
    pictures.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=pictures / f"{request.node.name}.png", full_page=True)
    context.close()


def sign_in(page: Page, account: dict[str, Any]) -> None:
    page.goto(f"{GATEWAY}/admin/login/?next=/admin/")
    page.get_by_label("Username").or_(page.get_by_label("E-mail")).first.fill(account["email"])
    page.get_by_label("Password").fill(account["password"])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Site administration")).to_be_visible()


@pytest.fixture
def seller(market: dict[str, Any]) -> dict[str, Any]:
    return market["sellers"][0]


@pytest.fixture
def staff(market: dict[str, Any], seller: dict[str, Any]) -> dict[str, Any]:
    return next(account for account in market["accounts"] if account["email"] == seller["staff"][0])


def test_a_seller_sees_only_the_own_stall(page: Page, seller: dict[str, Any], staff: dict[str, Any]) -> None:
    sign_in(page, staff)
    page.get_by_role("link", name="Products", exact=True).first.click()
    expect(page.locator(".paginator")).to_contain_text(f"{len(seller['products'])} products")


def test_a_new_price_reaches_the_checkout(
    page: Page, shopper: Shopper, goods: list[dict[str, Any]], market: dict[str, Any]
) -> None:
    product = goods[-1]
    seller = next(s for s in market["sellers"] if s["id"] == product["seller"]["id"])
    account = next(a for a in market["accounts"] if a["email"] == seller["staff"][0])
    sign_in(page, account)
    page.goto(f"{GATEWAY}/admin/products/product/{product['id']}/change/")
    field = page.locator("input[name=price_minor]")
    old = int(field.input_value())
    field.fill(str(old + 100))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist .success")).to_be_visible()

    shown_before = checkout([(product | {"price_minor": old}, 1)])

    def refused() -> dict[str, Any] | None:
        answer = shopper.order(shown_before)
        return answer.json() if answer.status_code == 409 else None

    problem = eventually(refused, within=30, what="the old total to be refused")
    assert problem is not None
    assert (
        problem["changes"]
        == [{"product_id": product["id"], "kind": "price_changed", "was": old, "now": old + 100}]
        or problem["actual_total_minor"] == old + 100
    )
    order = shopper.buy([(product | {"price_minor": old + 100}, 1)])
    assert shopper.settled(order["id"])["total_minor"] == old + 100

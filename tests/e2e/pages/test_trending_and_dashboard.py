"""What the streams came to, as pages show it: trends on the home page, a stall's takings as they come in."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.pages.browser import Device
from tests.e2e.pages.conftest import OpenShop
from tests.e2e.pages.shop import Product, Shop, euros
from tests.e2e.pages.test_accessibility import shows_well
from tests.e2e.pages.test_chat_pages import staff_of
from tests.kit.beside import click, tell_clicks
from tests.kit.market import GATEWAY, Shopper, eventually, in_stock

TRENDING = "Trending now"


@pytest.fixture
def product(market: dict[str, Any]) -> Product:
    """As it is now; other tests may have touched it."""
    return in_stock()[-1]


def trending(shop: Shop) -> Locator:
    return shop.page.get_by_role("region", name=TRENDING).locator(".card-name")


def make_trend(product: Product) -> None:
    """More of it is taken than of anything else."""
    for _ in range(40):
        adds = [click("add", product_id=product["id"], quantity=1) for _ in range(5)]
        answer = tell_clicks(click("view", product_id=product["id"]), *adds, session=str(uuid.uuid4()))
        assert answer.status_code == 202, answer.text

    def told() -> bool:
        items = httpx.get(f"{GATEWAY}/api/insights/trending", timeout=15).json()["items"]
        return product["id"] in [item["product_id"] for item in items[:4]]

    eventually(told, within=120, every=1, what="insights to have counted the clicks")


def test_what_many_look_at_is_on_the_home_page(any_shop: Shop, product: Product) -> None:
    make_trend(product)
    # a home page's trends may be ten seconds old
    any_shop.open("/").sees(trending(any_shop).filter(has_text=product["name"]), within=30)
    any_shop.page.get_by_role("region", name=TRENDING).get_by_role("link", name=product["name"]).click()
    expect(any_shop.page.get_by_role("heading", level=1)).to_have_text(product["name"])


# --- a stall's figures ---


@pytest.fixture
def staff(product: Product) -> Shopper:
    return staff_of(product)


def figure(shop: Shop, name: str) -> Locator:
    return shop.page.locator(".sums > div").filter(has_text=name).locator("dd")


def taken(staff: Shopper, product: Product) -> dict[str, Any]:
    answer = staff.get(f"/api/insights/sellers/{product['seller']['id']}/revenue", params={"minutes": 60})
    assert answer.status_code == 200, answer.text
    total: dict[str, Any] = answer.json()["total"]
    return total


def test_a_sale_is_drawn_while_the_seller_looks(
    shop: Shop, staff: Shopper, member: Shopper, product: Product
) -> None:
    before = taken(staff, product)
    shop.sign_in(staff).open("/dashboard")
    expect(shop.page.get_by_role("heading", level=1)).to_have_text(product["seller"]["name"])
    shop.page.get_by_text("The same as a table").click()
    shop.page.evaluate("window.neverLoadedAgain = true")
    order = member.buy([(product, 2)])
    member.settled(order["id"])

    total = before["revenue_minor"] + 2 * product["price_minor"]
    expect(figure(shop, "Taken since the beginning")).to_have_text(euros(total), timeout=60_000)
    expect(figure(shop, "Orders since the beginning")).to_have_text(str(before["orders"] + 1))
    assert taken(staff, product) == {"orders": before["orders"] + 1, "revenue_minor": total}
    charts = shop.page.get_by_role("img", name="minute by minute")
    expect(charts).to_have_count(2)
    assert charts.first.locator("rect").count() >= 1
    # what was opened before is still open, and has it too
    table = shop.page.get_by_role("table")
    expect(table).to_be_visible()
    expect(table.locator("tbody tr").first).to_be_visible()
    assert shop.page.evaluate("window.neverLoadedAgain") is True


def test_the_figures_are_there_without_scripts(open_shop: OpenShop, staff: Shopper, product: Product) -> None:
    shop = open_shop(scripts=False).sign_in(staff)
    shop.page.get_by_role("contentinfo").get_by_role("link", name="Dashboard").click()
    expect(figure(shop, "Orders since the beginning")).to_have_text(str(taken(staff, product)["orders"]))
    expect(shop.page.get_by_role("img", name="minute by minute")).to_have_count(2)


def test_a_stalls_figures_are_for_who_works_there(
    open_shop: OpenShop, staff: Shopper, member: Shopper, product: Product, market: dict[str, Any]
) -> None:
    own = product["seller"]["slug"]
    other = next(each["slug"] for each in market["sellers"] if each["slug"] != own)
    seller = open_shop().sign_in(staff)
    seller.open(f"/dashboard/{other}", status=404)
    shopper = open_shop().sign_in(member)
    shopper.open(f"/dashboard/{own}", status=403)
    expect(shopper.page.get_by_role("link", name="Dashboard")).to_have_count(0)


def test_an_operator_sees_the_market_and_every_stall(
    open_shop: OpenShop, operator: Shopper, product: Product, market: dict[str, Any]
) -> None:
    shop = open_shop().sign_in(operator).open("/dashboard")
    expect(shop.page.locator(".choice")).to_have_count(len(market["sellers"]))
    expect(shop.page.locator(".funnel tbody tr")).to_have_count(4)
    expect(figure(shop, "Open just now")).to_be_visible()
    expect(shop.page.get_by_role("main")).not_to_contain_text("does not answer just now")
    shop.page.get_by_role("link", name=product["seller"]["name"]).click()
    expect(figure(shop, "Taken since the beginning")).to_be_visible()


def test_the_dashboards_are_for_everybody(
    open_shop: OpenShop, device: Device, staff: Shopper, operator: Shopper
) -> None:
    shop = open_shop(device).sign_in(staff).open("/dashboard")
    shop.page.get_by_text("The same as a table").click()
    shows_well(shop, "dashboard")
    other = open_shop(device).sign_in(operator).open("/dashboard")
    shows_well(other, "dashboard-operator")

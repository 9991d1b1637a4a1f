"""The basket as a guest fills, changes and empties it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from playwright.sync_api import expect

from tests.e2e.pages.conftest import OpenShop
from tests.e2e.pages.shop import Product, Shop, euros


def test_quantities_change_and_lines_go(any_shop: Shop, product: Product, shelf: Iterator[Product]) -> None:
    other = next(shelf)
    shop = any_shop.add(product).add(other).open("/basket")
    field = shop.line(product).get_by_label("How many of")
    field.fill("4")
    if shop.scripts:
        field.blur()
    else:
        shop.line(product).get_by_role("button", name="Update").click()
    total = 4 * product["price_minor"] + other["price_minor"]
    expect(shop.page.locator(".receipt .sum")).to_contain_text(euros(total))
    expect(shop.page.locator("#basket-count")).to_contain_text("5")
    shop.line(other).get_by_role("button", name="Take out").click()
    expect(shop.line(other)).to_have_count(0)
    expect(shop.page.locator(".receipt .sum")).to_contain_text(euros(4 * product["price_minor"]))
    shop.button("Empty the basket").click()
    expect(shop.page.get_by_role("heading", name="There is nothing in it yet")).to_be_visible()


def test_the_stepper_counts_up_and_down(shop: Shop, product: Product) -> None:
    shop.add(product).open("/basket")
    shop.line(product).get_by_role("button", name="One more").click()
    expect(shop.page.locator(".receipt .sum")).to_contain_text(euros(2 * product["price_minor"]))
    shop.line(product).get_by_role("button", name="One less").click()
    expect(shop.page.locator(".receipt .sum")).to_contain_text(euros(product["price_minor"]))


def test_two_tabs_have_one_basket(any_shop: Shop, product: Product) -> None:
    shop = any_shop.add(product).open("/basket")
    second = replace(shop, page=shop.page.context.new_page()).add(product, 2)
    second.page.close()
    shop.page.reload()
    assert shop.quantity_of(product) == 3
    expect(shop.page.locator("#basket-count")).to_contain_text("3")


def test_two_guests_have_two_baskets(open_shop: OpenShop, product: Product) -> None:
    open_shop().add(product)
    other = open_shop("phone").open("/basket")
    expect(other.page.get_by_role("heading", name="There is nothing in it yet")).to_be_visible()

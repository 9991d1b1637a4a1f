"""Buying without a pointer: every step by Tab, Enter and Space, and one always sees where one is."""

from __future__ import annotations

import re
import uuid

from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages.conftest import OpenShop
from tests.e2e.pages.shop import Product
from tests.kit.market import ADDRESS, PASSWORD

# an outline on what has the focus, on its label, or on the card around it; and no bar over it
LOST_FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const drawn = (element) => [null, "::before", "::after"].some((part) => {
    const style = getComputedStyle(element, part);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  });
  const near = [at, at.nextElementSibling];
  for (let above = at.parentElement; above && near.length < 7; above = above.parentElement) near.push(above);
  const seen = near.some((element) => element && drawn(element));
  const box = at.getBoundingClientRect(), bar = document.querySelector(".bar");
  const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const covered = bar && bar.contains(over) && !bar.contains(at);
  if (seen && !covered && box.top < innerHeight) return null;
  return (seen ? "covered or off screen: " : "not to be seen: ") + at.outerHTML.slice(0, 120);
}"""
MOST_STEPS = 150


def tab_to(page: Page, target: Locator, *, key: str = "Tab") -> None:
    expect(target).to_be_attached()
    for _ in range(MOST_STEPS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
        lost = page.evaluate(LOST_FOCUS)
        assert lost is None, lost
    raise AssertionError(f"{target} is not reached by {key}")


def test_a_purchase_by_keyboard_alone(open_shop: OpenShop, product: Product) -> None:
    shop = open_shop("desktop").look_at(product)
    page, keys = shop.page, shop.page.keyboard

    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the goods")).to_be_focused()
    keys.press("Enter")
    tab_to(page, shop.button("Add to basket"))
    keys.press("Enter")
    shop.is_told("is in your basket")

    tab_to(page, page.locator(".basket-link"), key="Shift+Tab")
    keys.press("Enter")
    tab_to(page, page.get_by_role("link", name="Check out"))
    keys.press("Enter")

    for label, text in {
        "Your name": "Grace Hopper",
        "E-mail": f"t-{uuid.uuid4().hex[:16]}@example.org",
        "Password": PASSWORD,
    }.items():
        tab_to(page, page.get_by_label(label))
        keys.insert_text(text)
    keys.press("Enter")
    expect(page.locator("#order-form")).to_be_visible()

    form = page.locator("#order-form")
    for label, text in {
        "Street and number": ADDRESS["line1"],
        "Postal code": ADDRESS["postal_code"],
        "Town": ADDRESS["city"],
    }.items():
        tab_to(page, form.get_by_label(label))
        keys.insert_text(text)
    tab_to(page, form.get_by_role("radio", checked=True))
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    keys.press("Space")
    tab_to(page, shop.order_button)
    keys.press("Enter")
    shop.on_order_page()
    shop.ends_as("Confirmed")


def test_the_filters_and_the_panel_work_by_keyboard(open_shop: OpenShop) -> None:
    shop = open_shop("desktop").open("/search")
    page = shop.page
    tab_to(page, page.locator("#filter-category"))
    page.keyboard.type("Tea")
    expect(page).to_have_url(re.compile(r"/search\?(.*&)?category=tea(&|$)"))
    summary = page.locator("#anatomy summary")
    tab_to(page, summary)
    page.keyboard.press("Enter")
    expect(page.locator("#anatomy table")).to_be_visible()

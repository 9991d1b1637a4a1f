"""What keeps a session its owner's: cookies, the forms' tokens, the way out."""

from __future__ import annotations

import itertools
import re
from typing import Any
from urllib.parse import quote

from playwright.sync_api import APIResponse, BrowserContext, expect

from tests.e2e.pages.conftest import OpenShop
from tests.e2e.pages.shop import Product, Shop
from tests.kit.market import GATEWAY, Shopper


def cookies(context: BrowserContext) -> dict[str, Any]:
    return {cookie["name"]: cookie for cookie in context.cookies()}


def test_no_script_can_read_a_cookie_and_no_other_site_sends_one(
    shop: Shop, member: Shopper, product: Product
) -> None:
    shop.add(product)
    guest = cookies(shop.page.context)
    assert set(guest) == {"bazaar_session", "bazaar_basket", "bazaar_visit"}
    shop.sign_in(member)
    signed_in = cookies(shop.page.context)
    assert set(signed_in) == {"bazaar_session", "bazaar_access", "bazaar_refresh", "bazaar_visit"}
    for cookie in (guest | signed_in).values():
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/"), cookie
    assert shop.page.evaluate("document.cookie") == ""


FORMS = {
    "/basket/lines": {"product_id": "", "quantity": "1"},
    "/basket/clear": {},
    "/checkout": {"card": "tok_approve"},
    "/sign-out": {},
    "/sign-in": {"email": "x@example.org", "password": "wrong-horse-battery"},
    "/sign-up": {"email": "x@example.org", "password": "wrong-horse-battery", "display_name": "X"},
}


def posted(shop: Shop, path: str, form: dict[str, str]) -> APIResponse:
    return shop.page.request.post(path, form=form, max_redirects=0)


def test_a_form_without_the_pages_token_changes_nothing(
    open_shop: OpenShop, member: Shopper, product: Product
) -> None:
    shop = open_shop().sign_in(member).add(product, 2)
    stolen = open_shop().open("/").page.locator("input[name=csrf_token]").first.input_value()
    tokens = ({}, {"csrf_token": ""}, {"csrf_token": "made.up"}, {"csrf_token": stolen})
    for (path, fields), token in itertools.product(FORMS.items(), tokens):
        form = fields | ({"product_id": product["id"]} if "product_id" in fields else {})
        answer = posted(shop, path, form | token)
        assert answer.status == 403, (path, token, answer.status)
        assert "too old, or was not ours" in answer.text()
    shop.open("/basket")
    expect(shop.signed_in).to_be_attached()
    assert shop.quantity_of(product) == 2
    orders = member.get("/api/orders")
    assert (orders.status_code, orders.json()["items"]) == (200, [])


def test_a_moderators_form_needs_its_token_too(open_shop: OpenShop, operator: Shopper) -> None:
    shop = open_shop().sign_in(operator).open("/moderation/reviews")
    link = shop.page.locator("article h2 a").first
    path, title = link.get_attribute("href"), link.inner_text()
    answer = posted(shop, f"{path}/hide", {"reason": "offensive", "note": "forged"})
    assert answer.status == 403, answer.status
    shop.open("/moderation/reviews?status=published")
    expect(shop.page.get_by_role("link", name=title).first).to_be_visible()


def test_who_signed_out_is_out(open_shop: OpenShop, member: Shopper, product: Product) -> None:
    shop = open_shop().sign_in(member).add(product)
    shop.open("/orders")
    kept = shop.page.context.cookies()
    shop.signed_in.click()
    shop.is_told("You are signed out.")
    assert set(cookies(shop.page.context)) <= {"bazaar_session", "bazaar_visit"}
    shop.open("/orders")
    expect(shop.page).to_have_url(re.compile("/sign-in"))
    # nor does the way back show what was there
    shop.page.go_back()
    expect(shop.signed_in).to_have_count(0)
    # and what a thief had copied is renewed no more
    thief = open_shop()
    thief.page.context.add_cookies([cookie for cookie in kept if cookie["name"] == "bazaar_refresh"])
    thief.open("/orders")
    expect(thief.page).to_have_url(re.compile("/sign-in"))


def test_a_session_whose_access_token_ended_goes_on(open_shop: OpenShop, member: Shopper) -> None:
    shop = open_shop().sign_in(member)
    shop.page.context.clear_cookies(name="bazaar_access")
    shop.open("/orders")
    expect(shop.page.get_by_role("heading", level=1)).to_have_text("Your orders")
    assert "bazaar_access" in cookies(shop.page.context)


def test_a_wrong_password_is_told_without_saying_which_was_wrong(shop: Shop, member: Shopper) -> None:
    shop.open("/sign-in")
    shop.watch.provoked.add(422)
    shop.sign_in_here(Shopper(member.email, "not-the-right-password"))
    expect(shop.page.get_by_role("alert")).to_contain_text("The e-mail address or the password is not right.")
    expect(shop.page.get_by_label("E-mail")).to_have_value(member.email)


ELSEWHERE = ["https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)"]


def test_the_sign_in_leads_nowhere_else(open_shop: OpenShop, member: Shopper) -> None:
    for target in ELSEWHERE:
        shop = open_shop()
        shop.page.goto(f"/sign-in?next={quote(target)}")
        shop.sign_in_here(member)
        expect(shop.signed_in).to_be_attached()
        assert shop.page.url.startswith(f"{GATEWAY}/"), target


def test_strangers_see_no_order_of_others(open_shop: OpenShop, member: Shopper, product: Product) -> None:
    order = member.buy([(product, 1)])
    other = open_shop().sign_in(Shopper.new())
    other.open(f"/orders/{order['id']}", status=404)
    expect(other.page.get_by_role("main")).not_to_contain_text(product["name"])

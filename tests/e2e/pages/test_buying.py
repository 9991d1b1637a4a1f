"""From a full basket to a confirmed order, and what the pages say when something comes between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.pages.conftest import OpenShop
from tests.e2e.pages.shop import Product, Shop, euros
from tests.kit.books import read_books
from tests.kit.market import Shopper, eventually, products


def orders_of(shopper: Shopper) -> list[dict[str, Any]]:
    answer = shopper.get("/api/orders")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def lines_of(order: dict[str, Any]) -> list[tuple[str, int]]:
    return [(line["product_id"], line["quantity"]) for line in order["lines"]]


def test_a_guest_signs_up_at_the_checkout_and_the_basket_comes_along(
    any_shop: Shop, product: Product
) -> None:
    shop = any_shop
    shop.add(product, 2).check_out()
    expect(shop.page.get_by_role("heading", name="First, who are you?")).to_be_visible()
    account = shop.sign_up_here()
    expect(shop.page).to_have_url(f"{shop.page.url.partition('/checkout')[0]}/checkout")
    expect(shop.page.locator(".receipt-lines")).to_contain_text(product["name"])
    order_id = shop.fill_order().buy()
    shop.ends_as("Confirmed")
    (order,) = orders_of(account)
    assert (order["id"], lines_of(order)) == (order_id, [(product["id"], 2)])
    shop.open("/basket")
    expect(shop.page.get_by_role("heading", name="There is nothing in it yet")).to_be_visible()


def test_a_member_watches_the_order_go_its_way(any_shop: Shop, member: Shopper, product: Product) -> None:
    shop = any_shop.sign_in(member)
    # this card answers late: the page is there before the order has come to its end
    shop.add(product).check_out().fill_order("tok_late").buy()
    expect(shop.verdict).to_have_text("On its way through the market")
    if shop.scripts:
        shop.page.evaluate("window.neverLoadedAgain = true")
    shop.ends_as("Confirmed")
    shop.sees_steps_done(6)
    if shop.scripts:
        assert shop.page.evaluate("window.neverLoadedAgain") is True
    shop.open("/orders")
    expect(shop.page.locator(".order-row").filter(has_text=product["name"])).to_contain_text("Confirmed")


def test_a_declined_card_cancels_in_words_and_the_basket_can_be_bought_with_another(
    any_shop: Shop, member: Shopper, product: Product
) -> None:
    before = read_books().available(product["id"])
    shop = any_shop.sign_in(member)
    shop.add(product).check_out().fill_order("tok_decline").buy()
    shop.ends_as("Cancelled")
    expect(shop.page.locator(".verdict")).to_contain_text("The card was declined.")
    assert read_books().available(product["id"]) == before
    shop.check_out().fill_order("tok_approve").buy()
    shop.ends_as("Confirmed")
    assert sorted(order["status"] for order in orders_of(member)) == ["cancelled", "confirmed"]
    assert read_books().available(product["id"]) == before - 1


@pytest.fixture
def scarce(market: dict[str, Any]) -> Product:
    """The product of which the fewest are left: they fit into one order's line."""
    return min((item for item in products() if item["available"]), key=lambda item: item["available"])


@pytest.fixture
def buy_up(scarce: Product) -> Iterator[Any]:
    """Buys all that is left; it is given back at the end."""
    whale, bought = Shopper.new(), []

    def buy() -> None:
        left = read_books().available(scarce["id"])
        order = whale.buy([(scarce, left)])
        assert whale.settled(order["id"])["status"] == "confirmed"
        bought.append(order["id"])

    yield buy
    for order_id in bought:
        assert whale.post(f"/api/orders/{order_id}/cancel").status_code == 202
        eventually(
            lambda order_id=order_id: whale.get(f"/api/orders/{order_id}").json()["status"] == "refunded",
            within=30,
            what="the refund",
        )


def test_what_is_sold_out_in_the_basket_is_said_and_not_sold(
    any_shop: Shop, member: Shopper, scarce: Product, buy_up: Any
) -> None:
    shop = any_shop.sign_in(member).add(scarce).check_out().fill_order()
    buy_up()
    shop.open("/basket")
    shop.sees(shop.line(scarce).get_by_text("Sold out"))
    expect(shop.page.get_by_role("link", name="Check out")).to_have_count(0)
    shop.open("/checkout")
    expect(shop.order_button).to_be_disabled()
    assert orders_of(member) == []


def test_a_form_that_was_open_when_the_last_piece_went_is_told_so(
    shop: Shop, member: Shopper, scarce: Product, buy_up: Any
) -> None:
    shop.sign_in(member).add(scarce).check_out().fill_order()
    buy_up()
    shop.buy()
    shop.ends_as("Cancelled")
    expect(shop.page.locator(".verdict")).to_contain_text("not enough was left")
    assert [order["reason"] for order in orders_of(member)] == ["out_of_stock"]


@pytest.fixture
def dearer(product: Product, operator: Shopper) -> Iterator[Any]:
    """Gives the product another price; it has its old one again at the end."""
    path = f"/api/catalog/products/{product['id']}"

    def change(price_minor: int) -> None:
        version = operator.get(path).json()["version"]
        answer = operator.request(
            "PATCH", path, json={"price_minor": price_minor}, headers={"If-Match": f'"{version}"'}
        )
        assert answer.status_code == 200, answer.text

    yield change
    change(product["price_minor"])


def test_a_price_that_changed_is_shown_before_it_is_paid(
    any_shop: Shop, member: Shopper, product: Product, dearer: Any
) -> None:
    old, new = product["price_minor"], product["price_minor"] + 111
    shop = any_shop.sign_in(member).add(product).check_out().fill_order()
    expect(shop.order_button).to_contain_text(euros(old))
    dearer(new)

    def known() -> bool:
        return member.get("/api/basket/baskets/mine").json()["total_minor"] == new

    eventually(known, within=20, what="the basket to know the new price")
    shop.watch.provoked.add(409)
    assert shop.send_order().status == 409
    problem = shop.page.get_by_role("alert")
    expect(problem).to_contain_text(f"{product['name']} now costs {euros(new)}; it was {euros(old)}.")
    assert orders_of(member) == []
    expect(shop.order_button).to_contain_text(euros(new))
    shop.buy()
    shop.ends_as("Confirmed")
    assert [order["total_minor"] for order in orders_of(member)] == [new]


def test_a_double_click_buys_once(any_shop: Shop, member: Shopper, product: Product) -> None:
    shop = any_shop.sign_in(member).add(product, 2).check_out().fill_order()
    shop.order_button.dblclick()
    order_id = shop.on_order_page()
    shop.ends_as("Confirmed")
    assert [order["id"] for order in orders_of(member)] == [order_id]
    assert read_books().processor_captures(order_id) == 1


def test_a_form_that_is_sent_again_leads_to_the_same_order(
    shop: Shop, member: Shopper, product: Product
) -> None:
    shop.sign_in(member).add(product).check_out().fill_order()
    answer = shop.send_order()
    order_id = shop.on_order_page()
    sent = answer.request
    for _ in range(2):
        again = shop.page.request.post(
            sent.url,
            data=sent.post_data,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            max_redirects=0,
        )
        assert again.status == 303
        assert again.headers["location"].endswith(f"/orders/{order_id}")
    assert [order["id"] for order in orders_of(member)] == [order_id]


def test_an_order_is_called_off_on_its_page(shop: Shop, member: Shopper, product: Product) -> None:
    before = read_books().available(product["id"])
    shop.sign_in(member).add(product).check_out().fill_order().buy()
    shop.ends_as("Confirmed")
    shop.button("Cancel the order").click()
    shop.is_told("calling your order off")
    shop.sees(shop.page.get_by_text("Refunded"))
    assert read_books().available(product["id"]) == before


def test_the_basket_of_a_guest_goes_into_the_one_that_the_member_has(
    any_shop: Shop, open_shop: OpenShop, member: Shopper, product: Product, shelf: Iterator[Product]
) -> None:
    other = next(shelf)
    open_shop().sign_in(member).add(product, 3)
    shop = any_shop.add(product).add(other, 2)
    shop.sign_in(member).open("/basket")
    quantities = {item["name"]: shop.quantity_of(item) for item in (product, other)}
    assert quantities == {product["name"]: 3, other["name"]: 2}

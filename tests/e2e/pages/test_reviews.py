"""What buyers write, and what operators do with it."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.pages.conftest import Delivery, OpenShop
from tests.e2e.pages.shop import Product, Shop
from tests.kit.market import GATEWAY, Shopper


def summary_of(product: Product) -> dict[str, Any]:
    answer = httpx.get(f"{GATEWAY}/api/reviews/products/{product['id']}/summary", timeout=15)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def with_one_more(summary: dict[str, Any], rating: int) -> tuple[int, str]:
    stars = sum(int(each) * times for each, times in summary["histogram"].items())
    count = summary["count"] + 1
    return count, f"{round((stars + rating) / count, 2):.1f}"


def test_what_was_delivered_can_be_reviewed_and_counts(
    any_shop: Shop, delivery: Delivery, delivered: Product
) -> None:
    title, before = f"As hoped {uuid.uuid4().hex[:8]}", summary_of(delivered)
    shop = any_shop.sign_in(delivery.shopper).look_at(delivered)
    shop.page.get_by_text("Write a review", exact=True).click()
    shop.page.locator(".star-row label").nth(1).click()
    shop.page.get_by_label("In a line").fill(title)
    shop.page.get_by_label("In full").fill("Came well packed.\nA <b>bold</b> & honest thing.")
    shop.page.get_by_label("Your name, as others").fill("Grace H.")
    shop.button("Send the review").click()
    shop.is_told("Thank you")
    written = shop.page.locator("#review-items article").filter(has_text=title)
    expect(written).to_contain_text("A <b>bold</b> & honest thing.")
    expect(written).to_contain_text("Grace H.")
    count, average = with_one_more(before, 2)
    expect(shop.page.locator(".reviews-summary .average")).to_contain_text(average)
    expect(shop.page.locator(".reviews-summary .average")).to_contain_text(f"from {count} review")
    assert summary_of(delivered)["count"] == count
    expect(shop.page.get_by_text("Write a review", exact=True)).to_have_count(0)


def test_a_review_without_stars_is_asked_for_them(
    open_shop: OpenShop, delivery: Delivery, delivered: Product
) -> None:
    shop = open_shop("phone").sign_in(delivery.shopper).look_at(delivered)
    shop.page.get_by_text("Write a review", exact=True).click()
    # as a browser would that knows nothing of `required`
    shop.page.locator("#reviews form").evaluate("form => { form.noValidate = true }")
    shop.page.get_by_label("In a line").fill("No stars")
    shop.watch.provoked.add(422)
    shop.button("Send the review").click()
    expect(shop.page.get_by_text("Please choose one to five stars.").first).to_be_visible()
    expect(shop.page.get_by_label("In a line")).to_have_value("No stars")


def test_what_was_not_bought_cannot_be_reviewed(shop: Shop, member: Shopper, product: Product) -> None:
    shop.sign_in(member).look_at(product)
    expect(shop.page.get_by_text("once it has been delivered to you")).to_be_visible()
    expect(shop.page.get_by_text("Write a review", exact=True)).to_have_count(0)


@pytest.fixture
def written(delivery: Delivery, delivered: Product) -> dict[str, Any]:
    body = {
        "rating": 1,
        "title": f"Buy elsewhere {uuid.uuid4().hex[:8]}",
        "body": "At my own shop.",
        "author_name": "A rival",
    }
    answer = delivery.shopper.post(f"/api/reviews/products/{delivered['id']}", json=body)
    assert answer.status_code == 201, answer.text
    return body | {"product": delivered}


def test_an_operator_hides_a_review_and_shows_it_again(
    shop: Shop, open_shop: OpenShop, operator: Shopper, written: dict[str, Any]
) -> None:
    reader = open_shop("phone").look_at(written["product"])
    article = reader.page.locator("#review-items article").filter(has_text=written["title"])
    expect(article).to_be_visible()

    shop.sign_in(operator)
    shop.open("/moderation/")
    shop.page.get_by_role("link", name=written["title"]).click()
    shop.page.get_by_label("Why it is hidden").select_option("advertising")
    shop.page.get_by_label("Note for colleagues").fill("The third one this week")
    shop.button("Hide").click()
    expect(shop.page.get_by_role("status")).to_contain_text("Hidden")
    expect(shop.page.locator(".log")).to_contain_text("Advertises something else: The third one this week")
    reader.page.reload()
    expect(reader.page.get_by_role("heading", level=1)).to_be_visible()
    expect(article).to_have_count(0)

    shop.page.get_by_role("link", name="Hidden").click()
    shop.page.get_by_role("link", name=written["title"]).click()
    shop.page.get_by_label("Why it may be seen again").fill("It was a friend's joke")
    shop.button("Show").click()
    expect(shop.page.get_by_role("status")).to_contain_text("Everybody sees it again")
    reader.page.reload()
    expect(article).to_be_visible()


def test_hiding_needs_a_reason(open_shop: OpenShop, operator: Shopper, written: dict[str, Any]) -> None:
    shop = open_shop("phone").sign_in(operator).open("/moderation/")
    shop.page.get_by_role("link", name=written["title"]).click()
    shop.watch.provoked.add(422)
    shop.button("Hide").click()
    expect(shop.page.get_by_text("A reason is required.")).to_be_visible()
    assert summary_of(written["product"])["count"] >= 1


def test_a_shopper_may_not_moderate(shop: Shop, member: Shopper) -> None:
    shop.sign_in(member).open("/moderation/", status=403)
    expect(shop.page.get_by_role("main")).to_contain_text("operators")


def test_a_stranger_is_asked_to_sign_in_and_led_back(shop: Shop, operator: Shopper) -> None:
    shop.open("/moderation/reviews?status=hidden")
    expect(shop.page).to_have_url(re.compile("/sign-in"))
    shop.sign_in_here(operator)
    expect(shop.page).to_have_url(re.compile(r"/moderation/reviews\?status=hidden"))
    expect(shop.page.get_by_role("heading", level=1)).to_have_text("Reviews")

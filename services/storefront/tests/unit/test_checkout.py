"""The checkout: what is sent, and each way in which it can be refused."""

import re
from typing import Any

import pytest

from tests.unit.collaborators import TEAPOT, Answer, Collaborators, refusal
from tests.unit.conftest import Browser

ADDRESS = {
    "name": "Ada Okafor", "line1": "Torstraße 1", "line2": "", "postal_code": "10119", "city": "Berlin",
    "country": "DE", "card": "tok_approve",
}  # fmt: skip


@pytest.fixture
async def shopper(browser: Browser, market: Collaborators) -> Browser:
    await browser.sign_in()
    market.basket("member", (TEAPOT, 1))
    return browser


def hidden(html: str) -> dict[str, str]:
    form = html[html.index('id="order-form"') :]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)
    return dict(found)


async def buy(browser: Browser, **changes: str) -> Any:
    form = hidden(await browser.text("/checkout")) | ADDRESS | changes
    return await browser.client.post("/checkout", form=form)


async def test_an_order_is_of_what_was_shown(shopper: Browser, market: Collaborators) -> None:
    response = await buy(shopper)

    (asked,) = market.calls("POST", "/api/orders")
    (basket,) = market.baskets.values()
    (order_id,) = market.orders
    assert response.status_code == 303
    assert response.headers["Location"] == f"/orders/{order_id}"
    assert asked.body == {
        "basket": {"id": basket["id"], "version": 1},
        "delivery_address": {
            "name": "Ada Okafor", "line1": "Torstraße 1", "line2": None, "postal_code": "10119",
            "city": "Berlin", "country": "DE",
        },
        "payment_token": "tok_approve",
        "expected_total_minor": 4200,
        "currency": "EUR",
    }  # fmt: skip
    assert len(asked.headers["idempotency-key"]) == 32


async def test_a_guest_is_asked_who_they_are(browser: Browser, market: Collaborators) -> None:
    await browser.post("/basket/lines", {"product_id": TEAPOT, "quantity": "1"})

    html = await browser.text("/checkout")
    response = await browser.post("/checkout", ADDRESS)

    assert 'action="/sign-up"' in html
    assert 'name="next" value="/checkout"' in html
    assert response.headers["Location"] == "/sign-in?next=%2Fcheckout"
    assert market.calls("POST", "/api/orders") == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"postal_code": "1011"}, "This is not a postal code of Germany."),
        ({"country": "US"}, "The market does not deliver there."),
        ({"city": " "}, "Please give a town."),
        ({"name": "A" * 121}, "Please keep this to 120 characters."),
        ({"card": "tok_free"}, "Please choose a card."),
        ({"version": "seven"}, "This form is not complete."),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    shopper: Browser, market: Collaborators, changes: dict[str, str], told: str
) -> None:
    response = await buy(shopper, **changes)

    html = await response.get_data(as_text=True)
    assert response.status_code == 422
    assert told in html
    assert "Torstraße 1" in html
    assert market.calls("POST", "/api/orders") == []


async def test_orders_own_words_are_said_at_their_field(shopper: Browser, market: Collaborators) -> None:
    errors = [{"field": "delivery_address.city", "code": "x", "message": "No such town."}]
    market.scripted["POST", "/api/orders"] = [refusal("validation-failed", errors=errors)]

    response = await buy(shopper)

    assert response.status_code == 422
    assert "No such town." in await response.get_data(as_text=True)


async def test_a_basket_that_changed_is_shown_anew_under_another_key(
    shopper: Browser, market: Collaborators
) -> None:
    before = hidden(await shopper.text("/checkout"))
    (basket,) = market.baskets.values()
    basket["version"] = 2
    market.products[TEAPOT]["price_minor"] = 4500
    change = {
        "version": 2,
        "kind": "price_changed",
        "product_id": TEAPOT,
        "name": "Teapot",
        "was": 4200,
        "now": 4500,
    }
    market.scripted["POST", "/api/orders"] = [
        refusal(
            "basket-changed", basket_id=basket["id"], expected_version=1, actual_version=2, changes=[change]
        )
    ]

    response = await shopper.client.post("/checkout", form=before | ADDRESS)
    html = await response.get_data(as_text=True)

    after = hidden(html)
    assert response.status_code == 409
    assert "Teapot now costs €45.00; it was €42.00." in html
    assert after["version"] == "2"
    assert after["total_minor"] == "4500"
    assert after["idempotency_key"] != before["idempotency_key"]
    assert market.orders == {}


async def test_a_total_that_changed_is_said_in_numbers(shopper: Browser, market: Collaborators) -> None:
    market.scripted["POST", "/api/orders"] = [
        refusal(
            "total-changed",
            expected_total_minor=4200,
            actual_total_minor=4500,
            changes=[{"product_id": TEAPOT, "kind": "price_changed", "was": 4200, "now": 4500}],
        )
    ]

    response = await buy(shopper)

    html = await response.get_data(as_text=True)
    assert response.status_code == 409
    assert "All together it is €45.00 now; it was €42.00." in html


async def test_a_basket_that_was_ordered_leads_to_its_order(shopper: Browser, market: Collaborators) -> None:
    market.scripted["POST", "/api/orders"] = [refusal("basket-ordered", order_id=TEAPOT)]

    response = await buy(shopper)

    assert response.status_code == 303
    assert response.headers["Location"] == f"/orders/{TEAPOT}"


async def test_a_lost_answer_may_be_sent_again_under_the_same_key(
    shopper: Browser, market: Collaborators
) -> None:
    before = hidden(await shopper.text("/checkout"))
    market.scripted["POST", "/api/orders"] = [Answer(504, {})]

    lost = await shopper.client.post("/checkout", form=before | ADDRESS)
    html = await lost.get_data(as_text=True)
    again = await shopper.client.post("/checkout", form=hidden(html) | ADDRESS)

    first, second = market.calls("POST", "/api/orders")
    assert lost.status_code == 503
    assert "it will be ordered once, however often you send it" in html
    assert again.status_code == 303
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == before["idempotency_key"]
    assert first.body == second.body


async def test_a_lost_answer_of_an_order_that_went_through_leads_to_the_orders(
    shopper: Browser, market: Collaborators
) -> None:
    before = hidden(await shopper.text("/checkout"))
    market.scripted["POST", "/api/orders"] = [Answer(504, {})]
    # bought as it is, the basket is closed, and another one open
    market.baskets.clear()
    market.basket("member")

    lost = await shopper.client.post("/checkout", form=before | ADDRESS)

    html = await lost.get_data(as_text=True)
    main = html[html.index("<main") : html.index("</main>")]
    assert lost.status_code == 503
    assert 'href="/orders"' in main
    assert "Put something into the basket first." not in main


async def test_a_key_that_was_used_gets_another(shopper: Browser, market: Collaborators) -> None:
    before = hidden(await shopper.text("/checkout"))
    market.scripted["POST", "/api/orders"] = [refusal("idempotency-key-reused")]

    response = await shopper.client.post("/checkout", form=before | ADDRESS)

    after = hidden(await response.get_data(as_text=True))
    assert response.status_code == 422
    assert after["idempotency_key"] != before["idempotency_key"]

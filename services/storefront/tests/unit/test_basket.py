"""The basket: made with its first thing, kept by a cookie, changed under races."""

import pytest

from tests.unit.collaborators import BOWL, TEAPOT, Collaborators, refusal
from tests.unit.conftest import Browser, form_token


async def test_looking_makes_no_basket(browser: Browser, market: Collaborators) -> None:
    for path in ("/", "/basket", "/checkout"):
        await browser.get(path)

    assert market.baskets == {}
    assert browser.cookie("bazaar_basket") is None


async def test_the_first_thing_makes_one_and_the_second_goes_into_it(
    browser: Browser, market: Collaborators
) -> None:
    await browser.post("/basket/lines", {"product_id": TEAPOT, "quantity": "2"})
    await browser.post("/basket/lines", {"product_id": BOWL, "quantity": "1"})

    (basket,) = market.baskets.values()
    assert basket["lines"] == {TEAPOT: 2, BOWL: 1}
    cookie = browser.cookie("bazaar_basket")
    assert cookie.value == f"{basket['id']}.s3cret"
    assert cookie.has_nonstandard_attr("HttpOnly")
    html = await browser.text("/basket")
    assert "€96.50" in html
    assert "Kiln Street Pottery" in html


@pytest.mark.parametrize(
    ("slug", "extra"),
    [("precondition-failed", {}), ("conflict", {"basket_status": "checked_out"})],
    ids=["changed", "bought just now"],
)
async def test_a_lost_race_is_run_again(
    browser: Browser, market: Collaborators, slug: str, extra: dict[str, str]
) -> None:
    basket = market.basket("guest", (TEAPOT, 1))
    browser.keep("bazaar_basket", f"{basket['id']}.s3cret")
    path = f"/api/basket/baskets/{basket['id']}/lines"
    market.scripted["POST", path] = [refusal(slug, **extra), refusal(slug, **extra)]

    response = await browser.post("/basket/lines", {"product_id": TEAPOT, "quantity": "1"})

    assert response.status_code == 303
    assert basket["lines"] == {TEAPOT: 2}
    assert len(market.calls("POST", path)) == 3


async def test_not_for_ever(browser: Browser, market: Collaborators) -> None:
    basket = market.basket("guest", (TEAPOT, 1))
    browser.keep("bazaar_basket", f"{basket['id']}.s3cret")
    path = f"/api/basket/baskets/{basket['id']}/lines"
    market.scripted["POST", path] = [refusal("precondition-failed") for _ in range(9)]

    await browser.post("/basket/lines", {"product_id": TEAPOT, "quantity": "1"})

    assert len(market.calls("POST", path)) == 3
    assert "Your basket changed just now" in await browser.text("/basket")


async def test_quantities_and_taking_out(browser: Browser, market: Collaborators) -> None:
    basket = market.basket("guest", (TEAPOT, 1), (BOWL, 1))
    browser.keep("bazaar_basket", f"{basket['id']}.s3cret")

    await browser.post(f"/basket/lines/{TEAPOT}", {"quantity": "5"})
    assert basket["lines"] == {TEAPOT: 5, BOWL: 1}
    await browser.post(f"/basket/lines/{TEAPOT}", {"quantity": "0"})
    assert basket["lines"] == {BOWL: 1}
    await browser.post("/basket/clear")
    assert basket["lines"] == {}


@pytest.mark.parametrize("quantity", ["0", "3"])
async def test_a_line_that_another_tab_took_out_costs_no_basket(
    browser: Browser, market: Collaborators, quantity: str
) -> None:
    basket = market.basket("guest", (BOWL, 1))
    browser.keep("bazaar_basket", f"{basket['id']}.s3cret")

    await browser.post(f"/basket/lines/{TEAPOT}", {"quantity": quantity})

    assert browser.cookie("bazaar_basket").value == f"{basket['id']}.s3cret"
    html = await browser.text("/basket")
    assert "That is not in your basket any more." in html
    assert "Bowl" in html


async def test_a_basket_that_is_gone_is_told_when_it_is_changed(browser: Browser) -> None:
    token = form_token(await browser.text("/about"))
    browser.keep("bazaar_basket", "55555555-5555-4555-8555-555555555555.s3cret")

    await browser.client.post(f"/basket/lines/{TEAPOT}", form={"csrf_token": token, "quantity": "0"})

    assert browser.cookie("bazaar_basket") is None
    assert "That basket is gone." in await browser.text("/basket")


@pytest.mark.parametrize("quantity", ["-1", "100", "1.5", "²", "lots", ""])
async def test_a_quantity_that_is_none_changes_nothing(
    browser: Browser, market: Collaborators, quantity: str
) -> None:
    basket = market.basket("guest", (TEAPOT, 1))
    browser.keep("bazaar_basket", f"{basket['id']}.s3cret")

    await browser.post(f"/basket/lines/{TEAPOT}", {"quantity": quantity})

    assert basket["lines"] == {TEAPOT: 1}
    assert "Please take between 1 and 99." in await browser.text("/basket")


async def test_a_product_that_is_gone_is_told(browser: Browser) -> None:
    await browser.post("/basket/lines", {"product_id": "44444444-4444-4444-8444-444444444444"})

    assert "is not on sale" in await browser.text("/basket")


async def test_anothers_or_an_expired_basket_is_forgotten(browser: Browser, market: Collaborators) -> None:
    basket = market.basket("guest", (TEAPOT, 1))
    browser.keep("bazaar_basket", f"{basket['id']}.guessed")

    html = await browser.text("/basket")

    assert "Teapot" not in html
    assert browser.cookie("bazaar_basket") is None


async def test_what_changed_since_the_last_look_is_told(browser: Browser, market: Collaborators) -> None:
    basket = market.basket("guest", (TEAPOT, 1))
    browser.keep("bazaar_basket", f"{basket['id']}.s3cret")
    await browser.get("/basket")
    basket["version"] = 2
    basket["changes"] = [
        {
            "version": 2,
            "kind": "price_changed",
            "product_id": TEAPOT,
            "name": "Teapot",
            "was": 3900,
            "now": 4200,
        },
        {
            "version": 2,
            "kind": "quantity_changed",
            "product_id": TEAPOT,
            "name": "Teapot",
            "was": 1,
            "now": 2,
        },
    ]

    html = await browser.text("/basket")

    assert "Teapot now costs €42.00; it was €39.00." in html

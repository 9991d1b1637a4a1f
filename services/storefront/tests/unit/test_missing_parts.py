"""A page of many services when some of them are late, broken or gone."""

from time import monotonic

import pytest
from quart import Quart
from storefront.clients.base import READ_SECONDS

from tests.unit.collaborators import BOWL, TEAPOT, Answer, Collaborators, order, product, refusal
from tests.unit.conftest import Browser


async def test_a_product_without_its_reviews(browser: Browser, market: Collaborators) -> None:
    market.broken["reviews"] = "500"

    response = await browser.get(f"/products/{TEAPOT}")
    html = await response.get_data(as_text=True)

    assert response.status_code == 200
    assert "A Teapot." in html
    assert "The reviews do not answer just now." in html
    assert "not answering just now: reviews" in html


@pytest.mark.parametrize("app_without", [("reviews", "basket")], indirect=True)
async def test_goods_are_shown_when_nobody_listens_at_reviews_and_basket(app_without: Quart) -> None:
    browser = Browser(app_without)
    browser.keep("bazaar_basket", "some-id.some-token")

    html = await browser.text(f"/products/{TEAPOT}")

    assert "A Teapot." in html
    assert "not answering just now: basket, reviews" in html


async def test_a_late_service_is_waited_for_until_its_deadline_and_no_longer(
    browser: Browser, market: Collaborators
) -> None:
    market.broken["reviews"] = READ_SECONDS + 3
    began = monotonic()

    response = await browser.get(f"/products/{TEAPOT}")

    assert response.status_code == 200
    assert monotonic() - began < READ_SECONDS + 1
    assert "too slow" in await response.get_data(as_text=True)


async def test_all_parts_of_a_page_are_asked_at_once(browser: Browser, market: Collaborators) -> None:
    """Four calls of 0.6 s each, in two rounds: the product with its reviews, then its stall's other goods."""
    await browser.get("/about")
    market.broken |= {"catalog": 0.6, "reviews": 0.6}
    began = monotonic()

    response = await browser.get(f"/products/{TEAPOT}")

    assert response.status_code == 200
    asked = [seen for seen in market.asked if seen.path.startswith(("/api/catalog/p", "/api/reviews"))]
    assert len(asked) == 4
    # one after the other would be 2.4 s
    assert monotonic() - began < 0.6 * 2 + 0.8


@pytest.mark.parametrize("path", [f"/products/{TEAPOT}", "/search?q=tea", "/stalls/kiln-street"])
async def test_without_the_catalog_goods_are_a_503_that_looks_like_the_market(
    browser: Browser, market: Collaborators, path: str
) -> None:
    await browser.get("/about")
    market.broken["catalog"] = "503"

    response = await browser.get(path)
    html = await response.get_data(as_text=True)

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "shelves do not answer" in html
    # the categories are remembered from before
    assert "Ceramics" in html


async def test_without_the_catalog_home_basket_and_orders_answer(
    browser: Browser, market: Collaborators
) -> None:
    await browser.sign_in()
    market.basket("member", (TEAPOT, 2))
    market.orders[BOWL] = order(BOWL)
    market.broken["catalog"] = "500"

    for path, word in (
        ("/", "basket"),
        ("/basket", "Teapot"),
        ("/orders", "Teapot"),
        (f"/orders/{BOWL}", "Teapot"),
    ):
        response = await browser.get(path)
        assert response.status_code == 200, path
        assert word in await response.get_data(as_text=True)


async def test_a_basket_that_does_not_answer_is_no_empty_basket(
    browser: Browser, market: Collaborators
) -> None:
    browser.keep("bazaar_basket", "some-id.some-token")
    market.broken["basket"] = "500"

    html = await browser.text("/basket")

    assert "Your basket is out of reach" in html
    assert browser.cookie("bazaar_basket").value == "some-id.some-token"


async def test_a_wanted_part_that_breaks_its_contract_is_missing_and_no_more(
    browser: Browser, market: Collaborators
) -> None:
    path = f"/api/reviews/products/{TEAPOT}/summary"
    market.scripted["GET", path] = [Answer(200, {"stars": "many"})]

    response = await browser.get(f"/products/{TEAPOT}")

    assert response.status_code == 200
    assert "not answering just now: reviews" in await response.get_data(as_text=True)


async def test_who_works_here_has_no_basket_and_misses_none(browser: Browser, market: Collaborators) -> None:
    browser.keep("bazaar_access", market.forge.token(market.subject, ("operator",)))
    market.scripted["GET", "/api/basket/baskets/mine"] = [refusal("forbidden")]
    market.scripted["GET", f"/api/reviews/mine/products/{TEAPOT}"] = [refusal("forbidden")]

    response = await browser.get(f"/products/{TEAPOT}")
    html = await response.get_data(as_text=True)

    assert response.status_code == 200
    assert "not answering" not in html
    assert 'href="/moderation/"' in html


async def test_an_error_of_our_own_shows_no_trace_of_the_code(
    browser: Browser, market: Collaborators
) -> None:
    nobodys = product(TEAPOT, "Teapot", 4200, seller=None)
    market.scripted["GET", f"/api/catalog/products/{TEAPOT}"] = [Answer(200, nobodys)]

    response = await browser.get(f"/products/{TEAPOT}")
    html = await response.get_data(as_text=True)

    assert response.status_code == 500
    assert "Something broke" in html
    assert "Traceback" not in html
    assert "TypeError" not in html
    assert response.headers["X-Trace-Id"] in html

"""Each page renders from what the services answer."""

import pytest

from tests.unit.collaborators import BOWL, TEAPOT, Answer, Collaborators, entry, order
from tests.unit.conftest import Browser


async def test_the_home_page_shows_stalls_and_goods(browser: Browser) -> None:
    html = await browser.text("/")

    assert "Kiln Street Pottery" in html
    assert "€42.00" in html
    assert "Ceramics" in html


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/stalls", "Kiln Street Pottery"),
        ("/stalls/kiln-street", "All thrown by hand."),
        ("/categories/ceramics", "Teapot"),
        ("/search?q=bowl", "Bowl"),
        (f"/products/{TEAPOT}", "A Teapot."),
        ("/basket", "basket"),
        ("/checkout", "nothing to check out"),
        ("/sign-in", "Sign in"),
        ("/sign-up?next=/checkout", "Open an account"),
        ("/about", "FastAPI"),
    ],
)
async def test_a_guest_may_see(browser: Browser, path: str, word: str) -> None:
    response = await browser.get(path)

    assert response.status_code == 200
    assert word in await response.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/orders", f"/orders/{TEAPOT}"])
async def test_orders_ask_a_guest_to_sign_in_and_come_back(browser: Browser, path: str) -> None:
    response = await browser.get(path)

    assert response.status_code == 303
    assert response.headers["Location"] == f"/sign-in?next={path.replace('/', '%2F')}"


async def test_a_search_asks_the_catalog_in_its_own_words(browser: Browser, market: Collaborators) -> None:
    html = await browser.text("/search?q=bowl&min=1.50&max=20&in_stock=1&sort=-price&seller=kiln-street")

    (asked,) = [seen for seen in market.calls("GET", "/api/catalog/products") if "search" in seen.query]
    assert asked.query == {
        "search": "bowl",
        "min_price_minor": "150",
        "max_price_minor": "2000",
        "in_stock": "true",
        "ordering": "-price",
        "seller": "kiln-street",
        "limit": "24",
    }
    assert "Bowl" in html
    assert "Teapot" not in html


async def test_a_price_that_is_none_is_said_at_its_field(browser: Browser, market: Collaborators) -> None:
    html = await browser.text("/search?min=cheap&max=1e999")

    assert "Please give a price such as 12.50." in html
    assert "min_price_minor" not in market.calls("GET", "/api/catalog/products")[0].query


async def test_a_cursor_that_was_made_up_is_no_error_page(browser: Browser) -> None:
    response = await browser.get("/search?cursor=broken")

    assert response.status_code == 200
    assert "No results" in await response.get_data(as_text=True)


async def test_htmx_gets_the_results_alone(browser: Browser) -> None:
    html = await browser.text("/search", headers={"HX-Request": "true"})

    assert '<section id="results"' in html
    assert "<html" not in html
    assert "cursor=more" in html


@pytest.mark.parametrize("htmx", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
async def test_who_found_nothing_drops_the_filters_and_keeps_the_words(
    browser: Browser, htmx: dict[str, str]
) -> None:
    html = await browser.text("/search?q=zither+%26+harp&max=1", headers=htmx)

    assert '<a class="button" href="/search?q=zither%20%26%20harp">Drop the filters</a>' in html


async def test_what_is_boosted_gets_the_whole_page(browser: Browser) -> None:
    html = await browser.text("/search", headers={"HX-Request": "true", "HX-Boosted": "true"})

    assert "<html" in html


async def test_unknown_things_are_a_page_of_the_market(browser: Browser) -> None:
    for path in ("/nowhere", "/products/33333333-3333-4333-8333-333333333333", "/products/teapot",
                 "/stalls/nobody", "/categories/nothing"):  # fmt: skip
        response = await browser.get(path)
        html = await response.get_data(as_text=True)
        assert response.status_code == 404, path
        assert "<html" in html
        assert "Traceback" not in html


async def test_anothers_order_is_told_alike_whichever_answer_is_first(
    browser: Browser, market: Collaborators
) -> None:
    await browser.sign_in()
    for first in ([], [Answer(200, order(BOWL))]):
        market.scripted["GET", f"/api/orders/{BOWL}"] = first

        response = await browser.get(f"/orders/{BOWL}")

        assert response.status_code == 404
        assert "You have no such order." in await response.get_data(as_text=True)


async def test_the_journey_of_an_order(browser: Browser, market: Collaborators) -> None:
    await browser.sign_in()
    market.orders[BOWL] = order(BOWL, "cancelled", "cancelled", reason="payment_declined")
    market.journal = [
        entry("reserve_stock", "done"),
        entry("quote_shipping", "unknown"),
        entry("quote_shipping", "done", attempt=2),
        entry("authorize_payment", "refused", detail={"reason": "card_declined"}),
        entry("release_stock", "done"),
    ]

    html = await browser.text(f"/orders/{BOWL}")

    assert "The card was declined." in html
    assert "Asked 2 times." in html
    assert "250 ms" in html
    assert "The goods went back on the shelf" in html
    # the capture, the stock and the parcels, which never were
    assert html.count("It did not come to this.") == 3
    assert "sse-connect" not in html


async def test_what_reviews_says_is_on_the_products_page(browser: Browser, market: Collaborators) -> None:
    await browser.sign_in()
    review = {"rating": "4", "title": "Pours well", "body": "Every day.", "author_name": "Ada"}

    response = await browser.post(f"/products/{TEAPOT}/reviews", review)
    html = await browser.text(f"/products/{TEAPOT}")

    assert response.status_code == 303
    assert "Pours well" in html
    assert "4.0" in html


async def test_a_review_that_is_not_allowed_keeps_its_words(browser: Browser, market: Collaborators) -> None:
    await browser.sign_in()
    market.may_review = False
    review = {"rating": "4", "title": "Pours well", "author_name": "Ada"}

    response = await browser.post(f"/products/{TEAPOT}/reviews", review)

    assert response.status_code == 422
    assert market.reviews == []

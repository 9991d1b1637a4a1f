"""What is counted of a visit, and of whom nothing is."""

import re
from uuid import UUID

import pytest
from quart import Response

from tests.unit.collaborators import TEAPOT, Collaborators
from tests.unit.conftest import Browser
from tests.unit.test_checkout import ADDRESS, hidden

NOT_COUNTED = [{"DNT": "1"}, {"Sec-GPC": "1"}]


def visit(response: Response) -> str | None:
    lines = [line for line in response.headers.getlist("Set-Cookie") if line.startswith("bazaar_visit=")]
    return lines[-1] if lines else None


async def test_a_page_has_a_number_that_lasts_for_half_an_hour(browser: Browser) -> None:
    first = visit(await browser.get("/"))
    again = visit(await browser.get("/about"))

    assert first is not None
    assert again is not None
    UUID(first.partition("=")[2].partition(";")[0])
    # the same, and longer
    assert first.partition(";")[0] == again.partition(";")[0]
    for attribute in ("Max-Age=1800", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in again


async def test_a_number_that_was_made_up_is_replaced(browser: Browser) -> None:
    browser.keep("bazaar_visit", "ada@example.org")

    given = visit(await browser.get("/"))

    assert given is not None
    UUID(given.partition("=")[2].partition(";")[0])


async def test_files_have_none(browser: Browser) -> None:
    assert visit(await browser.get("/robots.txt")) is None


@pytest.mark.parametrize("headers", NOT_COUNTED, ids=["dnt", "gpc"])
async def test_who_asks_not_to_be_counted_is_not(browser: Browser, headers: dict[str, str]) -> None:
    await browser.get("/")

    response = await browser.get("/", headers=headers)

    html = await response.get_data(as_text=True)
    assert "clicks.js" not in html
    given = visit(response)
    assert given is not None
    assert "Max-Age=0" in given
    assert visit(await browser.get("/", headers=headers)) is None


async def test_pages_are_told_by_their_kind_and_never_by_their_address(
    browser: Browser, market: Collaborators
) -> None:
    html = await browser.text(f"/products/{TEAPOT}?from=ada@example.org")
    missing = await browser.text("/products/33333333-3333-4333-8333-333333333333")

    assert re.findall(r'data-page="([^"]+)"', html) == ["/products/{product_id}"]
    assert f'data-view="{TEAPOT}"' in html
    # what is not there was not looked at
    assert "data-page" not in missing


async def test_a_purchase_is_told_once(browser: Browser, market: Collaborators) -> None:
    order_path = await bought(browser, market)

    first, again = await browser.text(order_path), await browser.text(order_path)

    assert f'data-buy="{order_path.rpartition("/")[2]}"' in first
    assert "data-buy" not in again


async def test_a_purchase_is_not_told_of_who_is_not_counted(browser: Browser, market: Collaborators) -> None:
    order_path = await bought(browser, market, {"Sec-GPC": "1"})

    assert "data-buy" not in await browser.text(order_path)


async def bought(browser: Browser, market: Collaborators, headers: dict[str, str] | None = None) -> str:
    await browser.sign_in()
    market.basket("member", (TEAPOT, 1))
    form = hidden(await browser.text("/checkout")) | ADDRESS
    response = await browser.client.post("/checkout", form=form, headers=headers or {})
    assert response.status_code == 303
    return str(response.headers["Location"])

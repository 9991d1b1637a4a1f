"""A stall's figures, the market's, and what is trending."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from quart import Response
from storefront.viewmodels.charts import Chart, scale

from tests.unit.collaborators import BOWL, STALL, TEAPOT, Collaborators, product, trend
from tests.unit.conftest import Browser

OTHER = STALL | {"id": "0a1b2c3d-0000-4000-8000-000000000002", "slug": "wood", "name": "Wood & Wire"}
ALERT = {
    "alert_id": "0a1b2c3d-0000-4000-8000-00000000000a",
    "order_id": BOWL,
    "shopper_id": "0a1b2c3d-0000-4000-8000-00000000000b",
    "rule": "large_order",
    "severity": "critical",
    "detail": "Fourteen times as much as usual.",
    "at": "2026-11-01T12:00:00Z",
}
PATH = "/dashboard/kiln-street"


async def text(response: Response) -> str:
    return str(await response.get_data(as_text=True))


def comes_as(browser: Browser, market: Collaborators, role: str) -> Browser:
    browser.keep("bazaar_access", market.forge.token(market.subject, (role,)))
    return browser


@pytest.fixture
def seller(browser: Browser, market: Collaborators) -> Browser:
    market.works_for = [STALL]
    return comes_as(browser, market, "seller")


async def test_a_guest_signs_in_first(browser: Browser) -> None:
    response = await browser.get(PATH)

    assert response.headers["Location"] == "/sign-in?next=%2Fdashboard%2Fkiln-street"


@pytest.mark.parametrize("path", ["/dashboard", PATH])
async def test_it_is_not_for_who_only_shops(browser: Browser, market: Collaborators, path: str) -> None:
    await browser.sign_in()

    response = await browser.get(path)

    assert response.status_code == 403
    assert market.calls("GET", "/api/insights/sellers") == []
    assert 'href="/dashboard"' not in await text(response)


async def test_a_stall_of_others_is_not_found(seller: Browser, market: Collaborators) -> None:
    response = await seller.get("/dashboard/wood")

    assert response.status_code == 404
    assert market.calls("GET", "/api/insights/sellers") == []


async def test_what_insights_refuses_is_not_found_either(seller: Browser, market: Collaborators) -> None:
    market.works_for.append(OTHER)

    assert (await seller.get("/dashboard/wood")).status_code == 404


async def test_who_has_one_stall_comes_to_it(seller: Browser) -> None:
    response = await seller.get("/dashboard")

    assert (response.status_code, response.headers["Location"]) == (303, PATH)
    assert 'href="/dashboard"' in await seller.text("/about")


async def test_who_has_several_stalls_chooses(seller: Browser, market: Collaborators) -> None:
    market.works_for.append(OTHER)

    html = await seller.text("/dashboard")

    assert re.findall(r'class="choice" href="([^"]+)"', html) == [PATH, "/dashboard/wood"]
    # the market's own figures are its operators'
    assert market.calls("GET", "/api/insights") == []
    assert "Baskets left standing" not in html


async def test_a_seller_without_a_stall_is_told_so(browser: Browser, market: Collaborators) -> None:
    html = await comes_as(browser, market, "seller").text("/dashboard")

    assert "No stall of yours yet" in html


async def test_the_hour_is_drawn_and_written(seller: Browser, market: Collaborators) -> None:
    market.sold = {10: (2, 3150), 58: (1, 4200)}

    html = await seller.text(PATH)

    assert "€73.50" in html
    assert "12:10: €31.50" in html
    assert "most in the minute of 12:58 UTC: €42.00." in html
    assert html.count('class="chart-bar"') == html.count('class="chart-bar open"') == 2
    table = html[html.index("<tbody>") : html.index("</tbody>")]
    rows = re.findall(r'<tr><th scope="row">(\d\d:\d\d).*?"num">(\d+)</td><td class="num">([^<]+)<', table)
    assert rows == [("12:58", "1", "€42.00"), ("12:10", "2", "€31.50")]
    assert "style=" not in html


async def test_a_stall_that_sold_nothing_is_told_so(seller: Browser) -> None:
    html = await seller.text(PATH)

    assert "Nothing was sold yet." in html
    assert "Nothing in the last 60 minutes." in html


async def test_what_is_drawn_again_is_the_figures_alone(seller: Browser, market: Collaborators) -> None:
    await seller.get("/about")
    market.asked.clear()

    html = await seller.text(PATH, headers={"HX-Request": "true"})

    assert html.lstrip().startswith('<section id="figures"')
    assert f'hx-get="{PATH}" hx-trigger="every 5s"' in html
    assert {seen.path for seen in market.asked} == {
        "/api/catalog/sellers/mine",
        f"/api/insights/sellers/{STALL['id']}/revenue",
        "/api/insights/trending",
    }


@pytest.mark.parametrize("htmx", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
async def test_without_insights_it_goes_on_asking(
    seller: Browser, market: Collaborators, htmx: dict[str, str]
) -> None:
    market.broken["insights"] = "500"

    response = await seller.get(PATH, headers=htmx)

    html = await text(response)
    assert response.status_code == 200
    assert "The figures do not answer just now." in html
    assert 'hx-trigger="every 5s"' in html


async def test_an_operator_sees_all_stalls_and_the_market(browser: Browser, market: Collaborators) -> None:
    market.alerts = [ALERT]
    operator = comes_as(browser, market, "operator")

    html = await operator.text("/dashboard")
    stall = await operator.get(PATH)

    assert f'href="{PATH}"' in html
    assert "put something into the basket" in html
    assert "25.0 %" in html
    assert "€123.45" in html
    assert "Order 22222222" in html
    assert "Fourteen times as much as usual." in html
    assert stall.status_code == 200
    assert market.calls("GET", "/api/catalog/sellers/mine") == []


async def test_an_operators_page_without_insights(browser: Browser, market: Collaborators) -> None:
    market.broken["insights"] = "500"

    response = await comes_as(browser, market, "operator").get("/dashboard")

    html = await text(response)
    assert response.status_code == 200
    assert html.count("This does not answer just now.") == 3
    assert "not answering just now: figures" in html


# --- trending ---


def headings(html: str) -> list[str]:
    section = html[html.index('id="trending"') :].partition("</section>")[0]
    return re.findall(r'class="card-name"><a href="[^"]+">([^<]+)<', section)


async def test_home_shows_what_is_trending_in_its_order(browser: Browser, market: Collaborators) -> None:
    sold_out = "33333333-3333-4333-8333-333333333333"
    gone = "44444444-4444-4444-8444-444444444444"
    market.products[sold_out] = product(sold_out, "Vase", 900, available=0)
    market.trending = [trend(each) for each in (BOWL, gone, sold_out, TEAPOT)]

    assert headings(await browser.text("/")) == ["Bowl", "Teapot"]


async def test_homes_share_one_question_about_trends(browser: Browser, market: Collaborators) -> None:
    market.trending = [trend(BOWL)]

    for _ in range(3):
        await browser.text("/")

    assert len(market.calls("GET", "/api/insights/trending")) == 1


@pytest.mark.parametrize("trouble", ["500", None], ids=["away", "nothing"])
async def test_without_trends_home_is_as_good_as_ever(
    browser: Browser, market: Collaborators, trouble: str | None
) -> None:
    if trouble:
        market.broken["insights"] = trouble

    response = await browser.get("/")

    html = await text(response)
    assert response.status_code == 200
    assert "Trending now" not in html
    assert "not answering" not in html


# --- charts ---


@pytest.mark.parametrize(
    ("highest", "least", "top"),
    [(0, 4, 10), (0, 100, 100), (10, 4, 10), (11, 4, 20), (21, 4, 50), (4999, 100, 5000), (1, 0, 2)],
)
def test_a_scale_ends_at_a_round_number(highest: int, least: int, top: int) -> None:
    assert scale(highest, least) == top


def test_bars_stand_at_their_minute_and_reach_their_value() -> None:
    begin = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    points = [(begin + timedelta(minutes=n), value, n < 2) for n, value in enumerate((0, 50, 100, 1))]

    chart = Chart.of(points, str, least=100)

    assert (chart.top, chart.middle, chart.width) == ("100", "50", 40)
    assert [(bar.x, bar.y, bar.height, bar.open) for bar in chart.bars] == [
        (11.0, 50.0, 50.0, False),
        (21.0, 0.0, 100.0, True),
        # what is there can be seen
        (31.0, 98.5, 1.5, True),
    ]
    assert chart.summary == "151 in the last 4 minutes; most in the minute of 12:02 UTC: 100."

"""Forms: where they may come from, how large they may be, and what the answers carry."""

import re
from pathlib import PurePosixPath

import pytest
from storefront.security import HEADERS

from tests.unit.collaborators import TEAPOT, Collaborators
from tests.unit.conftest import Browser, form_token

POSTS = [
    "/sign-in", "/sign-up", "/sign-out", "/basket/lines", f"/basket/lines/{TEAPOT}", "/basket/clear",
    "/checkout", f"/orders/{TEAPOT}/cancel", f"/products/{TEAPOT}/reviews",
    f"/products/{TEAPOT}/ask", f"/orders/{TEAPOT}/ask", f"/messages/{TEAPOT}", f"/messages/{TEAPOT}/read",
]  # fmt: skip


@pytest.mark.parametrize("path", POSTS)
async def test_no_form_is_taken_without_its_token(browser: Browser, market: Collaborators, path: str) -> None:
    await browser.get("/about")
    market.asked.clear()

    response = await browser.client.post(path, form={"product_id": TEAPOT, "quantity": "1"})

    assert response.status_code == 403
    assert "This form is too old" in await response.get_data(as_text=True)
    assert [seen for seen in market.asked if seen.method != "GET"] == []


def test_every_post_is_in_this_list(app: object) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]  # type: ignore[attr-defined]

    assert len(rules) == len(POSTS)


async def test_another_browsers_token_is_no_good(browser: Browser, app: object) -> None:
    theirs = form_token(await Browser(app).text("/about"))  # type: ignore[arg-type]
    await browser.get("/about")

    response = await browser.client.post("/basket/lines", form={"csrf_token": theirs, "product_id": TEAPOT})

    assert response.status_code == 403


@pytest.mark.parametrize("bad", ["", ".", "x.y", "é.é", "mask." + "0" * 64])
async def test_a_made_up_token_is_no_good(browser: Browser, bad: str) -> None:
    await browser.get("/about")

    response = await browser.client.post("/basket/lines", form={"csrf_token": bad, "product_id": TEAPOT})

    assert response.status_code == 403


async def test_htmx_may_send_the_token_as_a_header(browser: Browser) -> None:
    token = form_token(await browser.text("/about"))

    response = await browser.client.post(
        "/basket/lines",
        form={"product_id": TEAPOT, "quantity": "1"},
        headers={"X-CSRF-Token": token, "HX-Request": "true"},
    )

    html = await response.get_data(as_text=True)
    assert response.status_code == 200
    assert "Teapot" in html
    assert "<html" not in html
    assert 'id="basket-count" hx-swap-oob="true"' in html


async def test_a_token_looks_different_on_each_page(browser: Browser) -> None:
    assert form_token(await browser.text("/about")) != form_token(await browser.text("/about"))


async def test_the_token_changes_with_the_session(browser: Browser) -> None:
    before = form_token(await browser.text("/about"))
    await browser.sign_in()

    response = await browser.client.post("/basket/clear", form={"csrf_token": before})

    assert response.status_code == 403


async def test_a_form_that_is_too_large_is_refused(browser: Browser) -> None:
    response = await browser.post("/basket/lines", {"product_id": "x" * 100_000})

    assert response.status_code == 413
    assert "<html" in await response.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", "/nowhere", "/basket", "/robots.txt"])
async def test_headers_of_every_answer(browser: Browser, path: str) -> None:
    response = await browser.get(path)

    for name, value in HEADERS.items():
        assert response.headers[name] == value
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert len(response.headers["X-Trace-Id"]) == 32


async def test_pages_of_signed_in_people_are_kept_by_nobody(browser: Browser) -> None:
    await browser.sign_in()

    for path in ("/", "/orders", "/basket"):
        assert (await browser.get(path)).headers["Cache-Control"] == "no-store"


async def test_a_caller_without_cookies_is_not_watched(browser: Browser) -> None:
    response = await browser.get("/robots.txt")

    assert "Set-Cookie" not in response.headers


async def test_the_trace_goes_on_to_every_service(browser: Browser, market: Collaborators) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"

    response = await browser.get("/", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})

    assert response.headers["X-Trace-Id"] == trace
    assert market.asked
    assert {seen.headers["traceparent"].split("-")[1] for seen in market.asked} == {trace}


async def test_static_files_may_be_kept_for_ever_under_their_fingerprint(
    browser: Browser, app: object
) -> None:
    mark = app.config["STATIC_FINGERPRINT"]  # type: ignore[attr-defined]

    now = await browser.get(f"/static/{mark}/css/base.css")
    older = await browser.get("/static/000000000000/css/base.css")
    same = await browser.get(f"/static/{mark}/css/base.css", headers={"If-None-Match": now.headers["ETag"]})

    assert now.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert now.headers["Content-Type"].startswith("text/css")
    assert older.headers["Cache-Control"] == "public, no-cache"
    assert same.status_code == 304
    assert "Set-Cookie" not in now.headers


async def test_all_that_pages_link_to_is_there_and_says_what_it_is(browser: Browser) -> None:
    html = await browser.text("/") + await browser.text("/source/services/orders/src/orders/domain/steps.py")
    kinds = {
        ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2",
        ".webmanifest": "application/manifest+json",
    }  # fmt: skip

    linked = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', html))
    assert len(linked) > 5
    for path in sorted(linked):
        response = await browser.get(path)
        assert response.status_code == 200, path
        assert response.mimetype == kinds[PurePosixPath(path).suffix], path


@pytest.mark.parametrize("path", ["../app.py", "..%2fapp.py", "%2e%2e/settings.py"])
async def test_nothing_else_is_static(browser: Browser, app: object, path: str) -> None:
    mark = app.config["STATIC_FINGERPRINT"]  # type: ignore[attr-defined]

    assert (await browser.get(f"/static/{mark}/{path}")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PUT", "/", 405), ("POST", "/stalls", 405), ("POST", "/no/page/of/ours", 404)],
)
async def test_what_no_page_takes_is_no_old_form(
    browser: Browser, method: str, path: str, status: int
) -> None:
    response = await browser.client.open(path, method=method)

    assert response.status_code == status


@pytest.mark.parametrize("path", POSTS)
async def test_a_refused_form_leads_to_no_page_that_is_none(browser: Browser, path: str) -> None:
    response = await browser.client.post(path, form={})

    html = await response.get_data(as_text=True)
    assert response.status_code == 403
    assert f"next={path}" not in html.replace("%2F", "/")

"""Cookies, tokens and their silent renewal."""

import asyncio
import time
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry
from quart import Quart
from storefront.app import create_app
from storefront.settings import Settings

from tests.unit.collaborators import TEAPOT, Answer, Collaborators, refusal
from tests.unit.conftest import Browser


def cookies(response: object) -> dict[str, str]:
    given = response.headers.getlist("Set-Cookie")  # type: ignore[attr-defined]
    return {line.partition("=")[0]: line for line in given}


async def test_signing_in_sets_cookies_that_scripts_and_other_sites_cannot_use(browser: Browser) -> None:
    response = await browser.sign_in(next="/orders?page=2")

    given = cookies(response)
    assert response.status_code == 303
    assert response.headers["Location"] == "/orders?page=2"
    for name in ("bazaar_access", "bazaar_refresh", "bazaar_session"):
        assert "HttpOnly" in given[name]
        assert "SameSite=Lax" in given[name]
        assert "Path=/" in given[name]
        assert "Secure" not in given[name]
    assert "Max-Age=600" in given["bazaar_access"]


async def test_cookies_are_secure_where_the_setting_says_so(
    settings: Settings, market: Collaborators
) -> None:
    app = create_app(replace(settings, cookie_secure=True), CollectorRegistry())
    async with app.test_app():
        response = await app.test_client().get("/", scheme="https")

    assert "Secure" in cookies(response)["bazaar_session"]
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:x", ""],
)
async def test_next_leads_to_no_other_host(browser: Browser, target: str) -> None:
    response = await browser.sign_in(next=target)

    assert response.headers["Location"] == "/"


async def test_a_wrong_password_is_said_and_sets_no_cookie(browser: Browser) -> None:
    response = await browser.sign_in(password="wrong wrong wrong")

    html = await response.get_data(as_text=True)
    assert response.status_code == 422
    assert "The e-mail address or the password is not right." in html
    assert "wrong wrong wrong" not in html
    assert "bazaar_access" not in cookies(response)


async def test_the_throttle_is_told_in_words(browser: Browser, market: Collaborators) -> None:
    market.scripted["POST", "/api/identity/sessions"] = [refusal("too-many-requests")]

    response = await browser.sign_in()

    assert "try again in 7 seconds" in await response.get_data(as_text=True)


async def test_identity_counts_the_address_that_the_gateway_saw(
    browser: Browser, market: Collaborators
) -> None:
    await browser.post(
        "/sign-in",
        {"email": "ada@example.org", "password": "correct horse battery"},
        headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"},
    )

    (asked,) = market.calls("POST", "/api/identity/sessions")
    assert asked.headers["x-forwarded-for"] == "203.0.113.9"


async def test_an_expired_token_is_renewed_before_anything_is_asked(
    browser: Browser, market: Collaborators
) -> None:
    browser.keep("bazaar_access", market.forge.expired(market.subject))
    browser.keep("bazaar_refresh", "refresh-0")

    response = await browser.get("/orders")

    assert response.status_code == 200
    assert cookies(response)["bazaar_refresh"].startswith("bazaar_refresh=refresh-1;")
    (asked,) = market.calls("GET", "/api/orders")
    assert f"bazaar_access={asked.token};" in cookies(response)["bazaar_access"]


async def test_a_token_that_ends_in_a_moment_is_renewed_too(browser: Browser, market: Collaborators) -> None:
    browser.keep("bazaar_access", market.forge.token(market.subject, exp=int(time.time()) + 10))
    browser.keep("bazaar_refresh", "refresh-0")

    response = await browser.get("/orders")

    assert "bazaar_access" in cookies(response)


async def test_a_token_that_a_service_refuses_is_renewed_and_the_call_made_again(
    browser: Browser, market: Collaborators
) -> None:
    await browser.sign_in()
    market.scripted["GET", "/api/orders"] = [refusal("unauthenticated")]

    response = await browser.get("/orders")

    assert response.status_code == 200
    assert len(market.calls("GET", "/api/orders")) == 2
    assert len(market.calls("POST", "/api/identity/sessions/refresh")) == 1
    assert "bazaar_refresh" in cookies(response)


async def test_pages_at_once_renew_once_and_get_the_same_cookies(app: Quart, market: Collaborators) -> None:
    market.broken["identity"] = 0.2
    browsers = [Browser(app) for _ in range(4)]
    for browser in browsers:
        browser.keep("bazaar_access", market.forge.expired(market.subject))
        browser.keep("bazaar_refresh", "refresh-0")

    answers = await asyncio.gather(*(browser.get("/orders") for browser in browsers))

    assert [answer.status_code for answer in answers] == [200] * 4
    assert len(market.calls("POST", "/api/identity/sessions/refresh")) == 1
    assert {cookies(answer)["bazaar_refresh"].partition(";")[0] for answer in answers} == {
        "bazaar_refresh=refresh-1"
    }


async def test_a_session_that_ended_is_forgotten(browser: Browser, market: Collaborators) -> None:
    browser.keep("bazaar_access", market.forge.expired(market.subject))
    browser.keep("bazaar_refresh", "stolen-and-used")

    response = await browser.get("/orders")

    assert response.status_code == 303
    assert response.headers["Location"] == "/sign-in?next=%2Forders"
    assert "Max-Age=0" in cookies(response)["bazaar_access"]
    assert "Max-Age=0" in cookies(response)["bazaar_refresh"]


async def test_a_session_is_kept_while_identity_is_away(browser: Browser, market: Collaborators) -> None:
    browser.keep("bazaar_access", market.forge.token(market.subject))
    await browser.get("/about")
    browser.keep("bazaar_access", market.forge.expired(market.subject))
    browser.keep("bazaar_refresh", "refresh-0")
    market.broken["identity"] = "503"

    response = await browser.get("/")

    assert response.status_code == 200
    assert "your account" in await response.get_data(as_text=True)
    assert "bazaar_refresh" not in cookies(response)


@pytest.mark.parametrize("forged", ["expired", "other_audience", "other_issuer", "unknown_kid"])
async def test_a_forged_token_is_nobodys(browser: Browser, market: Collaborators, forged: str) -> None:
    browser.keep("bazaar_access", getattr(market.forge, forged)())

    response = await browser.get("/orders")

    assert response.status_code == 303
    assert market.calls("GET", "/api/orders") == []


async def test_signing_out_ends_the_session_at_identity_and_here(
    browser: Browser, market: Collaborators
) -> None:
    await browser.sign_in()

    response = await browser.post("/sign-out")

    assert len(market.calls("DELETE", "/api/identity/sessions/current")) == 1
    assert "Max-Age=0" in cookies(response)["bazaar_access"]
    assert (await browser.get("/orders")).status_code == 303


async def test_signing_up_signs_in(browser: Browser, market: Collaborators) -> None:
    form = {"email": "bo@example.org", "password": "a long enough one", "display_name": "Bo"}

    response = await browser.post("/sign-up", form)

    assert response.status_code == 303
    assert market.accounts["bo@example.org"] == "a long enough one"
    assert "bazaar_access" in cookies(response)


async def test_a_taken_address_is_said_at_its_field(browser: Browser) -> None:
    form = {"email": "ada@example.org", "password": "a long enough one", "display_name": "Ada"}

    response = await browser.post("/sign-up", form)

    assert response.status_code == 422
    assert "This address has an account already" in await response.get_data(as_text=True)


async def test_whoever_is_signed_in_already_goes_on(browser: Browser) -> None:
    await browser.sign_in()

    response = await browser.get("/sign-in?next=/moderation/")

    assert response.status_code == 303
    assert response.headers["Location"] == "/moderation/"


async def test_a_guests_basket_comes_along(browser: Browser, market: Collaborators) -> None:
    await browser.post("/basket/lines", {"product_id": TEAPOT, "quantity": "2"})
    guest = browser.cookie("bazaar_basket").value

    response = await browser.sign_in()

    (merged,) = market.calls("POST", "/api/basket/baskets/mine/merge")
    assert f"{merged.body['basket_id']}.{merged.body['token']}" == guest
    assert "Max-Age=0" in cookies(response)["bazaar_basket"]
    assert "Teapot" in await browser.text("/basket")


async def test_a_basket_that_is_down_is_brought_with_the_next_sign_in(
    browser: Browser, market: Collaborators
) -> None:
    await browser.post("/basket/lines", {"product_id": TEAPOT, "quantity": "2"})
    market.scripted["POST", "/api/basket/baskets/mine/merge"] = [Answer(503, {})]

    response = await browser.sign_in()

    assert response.status_code == 303
    assert "bazaar_basket" not in cookies(response)
    assert "could not be brought along" in await browser.text("/about")


async def test_an_address_that_is_none_is_told_in_words_for_people(
    browser: Browser, market: Collaborators
) -> None:
    rule = {"field": "email", "code": "pattern", "message": "The value breaks the rule pattern."}
    market.scripted["POST", "/api/identity/accounts"] = [refusal("validation-failed", errors=[rule])]

    form = {"email": "ada@localhost", "password": "correct horse battery", "display_name": "Ada"}
    response = await browser.post("/sign-up", form)

    html = await response.get_data(as_text=True)
    assert response.status_code == 422
    assert "Please give an address such as ada@example.org." in html
    assert "breaks the rule" not in html


async def test_a_script_whose_socket_ends_with_its_token_gets_another_token(
    browser: Browser, market: Collaborators
) -> None:
    browser.keep("bazaar_access", market.forge.token(market.subject, exp=int(time.time()) + 60))
    browser.keep("bazaar_refresh", "refresh-0")

    renewed = await browser.get("/session")
    good_for_long = await browser.get("/session")

    assert (renewed.status_code, good_for_long.status_code) == (204, 204)
    assert "bazaar_access" in cookies(renewed)
    assert "bazaar_access" not in cookies(good_for_long)
    assert renewed.headers["Cache-Control"] == "no-store"
    assert len(market.calls("POST", "/api/identity/sessions/refresh")) == 1


async def test_a_script_is_told_that_its_session_has_ended(browser: Browser, market: Collaborators) -> None:
    stranger = await browser.get("/session")
    browser.keep("bazaar_access", market.forge.expired(market.subject))
    browser.keep("bazaar_refresh", "refresh-of-a-thief")
    ended = await browser.get("/session")

    assert (stranger.status_code, ended.status_code) == (401, 401)
    assert await ended.get_data(as_text=True) == ""


async def test_a_script_is_not_told_so_while_identity_is_away(
    browser: Browser, market: Collaborators
) -> None:
    browser.keep("bazaar_access", market.forge.token(market.subject, exp=int(time.time()) + 60))
    browser.keep("bazaar_refresh", "refresh-0")
    market.scripted["POST", "/api/identity/sessions/refresh"] = [Answer(503, {})]

    response = await browser.get("/session")

    assert response.status_code == 503
    assert "bazaar_refresh" not in cookies(response)

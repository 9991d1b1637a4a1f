"""The stream of an order's way: what it sends, how it ends, and how many there may be."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from quart import Quart
from storefront.app import create_app
from storefront.pages import progress
from storefront.settings import Settings

from bazaar_shared.testing import aeventually
from tests.unit.collaborators import BOWL, Answer, Collaborators, entry, order, refusal
from tests.unit.conftest import Browser


@pytest.fixture
async def shopper(browser: Browser, market: Collaborators) -> Browser:
    await browser.sign_in()
    market.orders[BOWL] = order(BOWL)
    market.journal = [entry("reserve_stock", None)]
    return browser


class Stream:
    """The open answer of `/orders/<id>/events`, event by event."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._buffer = ""

    async def __aenter__(self) -> "Stream":
        self._request = self._browser.client.request(f"/orders/{BOWL}/events")
        self.connection: Any = await self._request.__aenter__()
        await self.connection.send_complete()
        return self

    async def __aexit__(self, *failure: Any) -> None:
        await self.connection.disconnect()
        await self._request.__aexit__(*failure)

    async def event(self, within: float = 5) -> str:
        async with asyncio.timeout(within):
            while "\n\n" not in self._buffer:
                self._buffer += (await self.connection.receive()).decode()
        event, _, self._buffer = self._buffer.partition("\n\n")
        return event

    async def rest(self, within: float = 5) -> str:
        """All that comes until the server ends it."""
        async with asyncio.timeout(within):
            while chunk := await self.connection.receive():
                self._buffer += chunk.decode()
        return self._buffer


async def test_it_tells_each_change_and_ends_with_the_order(shopper: Browser, market: Collaborators) -> None:
    async with Stream(shopper) as stream:
        assert await stream.event() == "retry: 2000"
        first = await stream.event()
        assert first.startswith("event: progress\ndata: ")
        assert "happening now" in first

        market.journal = [entry("reserve_stock", "done"), entry("quote_shipping", None)]
        second = await stream.event()
        assert "250 ms" in second

        market.orders[BOWL] = order(BOWL, "completed", "confirmed", version=2)
        market.journal = [entry("reserve_stock", "done"), entry("quote_shipping", "done")]
        assert "Confirmed" in await stream.event()
        assert await stream.event() == "event: end\ndata: "
        assert await stream.rest() == ""

        assert stream.connection.headers["Content-Type"].startswith("text/event-stream")
        assert stream.connection.headers["Cache-Control"] == "no-store"


async def test_nothing_is_sent_while_nothing_changes_but_a_heartbeat(
    shopper: Browser, market: Collaborators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_HEARTBEAT_SECONDS", 0.5)
    async with Stream(shopper) as stream:
        await stream.event()
        await stream.event()

        assert await stream.event() == ": still here"


async def test_it_has_an_end_of_its_own(shopper: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_STREAM_SECONDS", 0.5)
    async with Stream(shopper) as stream:
        rest = await stream.rest()

    assert "event: progress" in rest
    # without it the browser comes again
    assert "event: end" not in rest


async def test_it_ends_when_the_process_does(shopper: Browser, app: Quart) -> None:
    async with Stream(shopper) as stream:
        await stream.event()
        await stream.event()
        app.extensions["streams"].stop.set()

        assert "event: end" not in await stream.rest(within=1)


async def test_a_browser_that_leaves_gives_its_place_back(shopper: Browser, app: Quart) -> None:
    streams = app.extensions["streams"]
    async with Stream(shopper) as stream:
        await stream.event()
        assert streams.of_shopper.total() == 1

    await aeventually(lambda: streams.of_shopper.total() == 0, within=2)


async def test_there_are_only_so_many(settings: Settings, market: Collaborators) -> None:
    app = create_app(replace(settings, streams=1), CollectorRegistry())
    async with app.test_app():
        browser = Browser(app)
        await browser.sign_in()
        market.orders[BOWL] = order(BOWL)
        async with Stream(browser) as stream:
            await stream.event()
            refused = await browser.get(f"/orders/{BOWL}/events")

    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "10"


async def test_only_so_many_when_they_come_at_once(settings: Settings, market: Collaborators) -> None:
    app = create_app(replace(settings, streams=2), CollectorRegistry())
    async with app.test_app(), AsyncExitStack() as opened:
        browser = Browser(app)
        await browser.sign_in()
        market.orders[BOWL] = order(BOWL)
        market.broken["orders"] = 0.3
        streams = [await opened.enter_async_context(Stream(browser)) for _ in range(5)]
        await asyncio.gather(*(stream.connection.receive() for stream in streams))

        assert sorted(stream.connection.status_code for stream in streams) == [200, 200, 503, 503, 503]


async def test_asking_for_its_head_only_holds_no_connection(shopper: Browser, app: Quart) -> None:
    async with asyncio.timeout(3):
        response = await shopper.client.head(f"/orders/{BOWL}/events")

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert app.extensions["streams"].of_shopper.total() == 0


async def test_a_failure_of_orders_is_waited_out(
    shopper: Browser, market: Collaborators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SLOWEST", 0.2)
    async with Stream(shopper) as stream:
        await stream.event()
        market.scripted["GET", f"/api/orders/{BOWL}/journal"] = [Answer(500, {}), Answer(500, {})]

        assert (await stream.event()).startswith("event: progress")


async def test_a_stream_never_rotates_the_token_that_the_browser_holds(
    shopper: Browser, market: Collaborators
) -> None:
    async with Stream(shopper) as stream:
        await stream.event()
        await stream.event()
        market.scripted["GET", f"/api/orders/{BOWL}/journal"] = [refusal("unauthenticated")]

        # it ends without `end`: the browser's next request renews, and can be told
        assert "event: end" not in await stream.rest()
    assert market.calls("POST", "/api/identity/sessions/refresh") == []


async def test_anothers_order_is_no_stream(shopper: Browser, market: Collaborators) -> None:
    market.orders.clear()

    assert (await shopper.get(f"/orders/{BOWL}/events")).status_code == 404


async def test_chats_word_of_it_is_followed_from_the_version_that_is_shown(
    shopper: Browser, market: Collaborators
) -> None:
    market.orders[BOWL] = order(BOWL, "completed", "shipped", version=4)

    html = await shopper.text(f"/orders/{BOWL}")

    assert f'data-live data-track="{BOWL}" data-after="4"' in html
    # its saga has ended: there is nothing that the stream could tell
    assert "sse-connect" not in html


@pytest.mark.parametrize("status", ["delivered", "cancelled", "refunded"])
async def test_what_is_over_is_followed_no_more(shopper: Browser, market: Collaborators, status: str) -> None:
    state = "cancelled" if status == "cancelled" else "completed"
    market.orders[BOWL] = order(BOWL, state, status)

    assert "data-track" not in await shopper.text(f"/orders/{BOWL}")


async def test_the_steps_can_be_had_alone(shopper: Browser, market: Collaborators) -> None:
    market.orders[BOWL] = order(BOWL, "completed", "confirmed")

    html = await shopper.text(f"/orders/{BOWL}", headers={"HX-Request": "true"})

    assert html.lstrip().startswith('<div class="verdict good">')
    # what was bought leaves the basket, and its number the page's head
    assert 'hx-get="/basket/count"' in html


async def test_the_baskets_number_is_asked_for_again_when_it_was_bought(
    shopper: Browser, market: Collaborators
) -> None:
    market.basket("member", (BOWL, 3))

    html = await shopper.text("/basket/count", headers={"HX-Request": "true"})

    assert html.startswith('<span id="basket-count" hx-swap-oob="true" class="count">3<')


async def test_while_it_is_pending_nothing_left_the_basket(shopper: Browser) -> None:
    assert "/basket/count" not in await shopper.text(f"/orders/{BOWL}", headers={"HX-Request": "true"})
    assert "/basket/count" not in await shopper.text(f"/orders/{BOWL}")

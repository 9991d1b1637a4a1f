"""POST /api/orders of a basket: exactly what was shown, once, and nothing while basket cannot say what that
is.
"""

import asyncio
import threading
import time
from typing import Any
from uuid import uuid4

import pytest
from orders.container import Container

from bazaar_shared.testing import aeventually
from tests.component.basket import BasketDouble, Handler
from tests.component.conftest import NOTHING, Market
from tests.component.test_api import problem
from tests.component.test_saga import ended, working

ONE_ORDER = {"orders": 1, "order_line": 1, "saga": 1, "idempotency_key": 1, "outbox": 1, "journal": 0}

type Json = dict[str, Any]


@pytest.fixture
async def held(market: Market, basket: BasketDouble) -> Json:
    """Two teas for 500 each."""
    return basket.hold(market.shopper, [(await market.sell(500), 2)])


# --- what an order is made of ---------------------------------------------------------------------


async def test_an_order_is_made_of_what_the_basket_holds(market: Market, basket: BasketDouble) -> None:
    tea, map_ = await market.sell(250), await market.sell(1999)
    held = basket.hold(market.shopper, [(tea, 3), (map_, 1)], version=7)
    answer = await market.post(market.basket_body(held, 2749))

    assert answer.status_code == 202
    order = answer.json()
    assert order["basket_id"] == held["id"]
    assert [(line["product_id"], line["quantity"], line["unit_price_minor"]) for line in order["lines"]] == [
        (str(tea), 3, 250),
        (str(map_), 1, 1999),
    ]
    assert await market.order(order["id"]) == order
    stored = await market.pool.fetchrow("select basket_id, basket_version from orders")
    assert (str(stored["basket_id"]), stored["basket_version"]) == (held["id"], 7)


async def test_basket_is_asked_once_as_the_shopper_and_in_the_same_trace(
    market: Market, basket: BasketDouble, held: Json
) -> None:
    answer = await market.post(market.basket_body(held, 1000))
    [seen] = basket.seen
    assert (seen.basket_id, seen.since) == (held["id"], "3")
    assert seen.headers["authorization"] == answer.request.headers["Authorization"]
    assert seen.headers["traceparent"].split("-")[1] == answer.headers["X-Trace-Id"]


async def test_an_order_of_lines_does_not_ask_basket(market: Market, basket: BasketDouble) -> None:
    order = await market.buy()
    assert (order["basket_id"], basket.seen) == (None, [])


async def test_every_event_of_the_order_names_its_basket(
    market: Market, container: Container, held: Json
) -> None:
    order = (await market.post(market.basket_body(held, 1000))).json()
    async with working(container):
        await ended(market, order["id"], "confirmed")
        await market.cancel(order["id"])
        await ended(market, order["id"], "refunded")
    rows = await market.pool.fetch(
        "select envelope->'data'->>'status' as status, envelope->'data'->>'basket_id' as basket,"
        " (envelope->'data'->'basket_version')::int as version from outbox order by id"
    )
    assert [tuple(row) for row in rows] == [
        (status, held["id"], 3) for status in ("pending", "confirmed", "refunding", "refunded")
    ]


async def test_lines_and_a_basket_together_are_refused(market: Market, held: Json) -> None:
    both = market.basket_body(held, 1000) | {"lines": [{"product_id": str(uuid4()), "quantity": 1}]}
    neither = {name: value for name, value in both.items() if name not in {"lines", "basket"}}
    for body, code in ((both, "lines_and_basket"), (neither, "missing")):
        [error] = problem(await market.post(body), 422, "validation-failed")["errors"]
        assert (error["field"], error["code"]) == ("lines", code)
    assert await market.counts() == NOTHING


# --- what was shown -------------------------------------------------------------------------------


async def test_another_version_is_told_with_what_changed(
    market: Market, basket: BasketDouble, held: Json
) -> None:
    shown = market.basket_body(held, 1000)
    product = held["lines"][0]["product_id"]
    change = {"version": 4, "kind": "quantity_changed", "product_id": product, "name": "A tea", "was": 2}
    held |= {"version": 5, "changes": [change | {"now": 3, "by": "the shopper"}]}
    refused = problem(await market.post(shown), 409, "basket-changed")
    told = ("basket_id", "expected_version", "actual_version", "basket_status", "changes")
    assert [refused[name] for name in told] == [held["id"], 3, 5, "open", [change | {"now": 3}]]
    assert await market.counts() == NOTHING


@pytest.mark.parametrize("status", ["checked_out", "merged", "expired"])
async def test_a_basket_that_is_not_open_is_not_ordered(market: Market, held: Json, status: str) -> None:
    held["status"] = status
    refused = problem(await market.post(market.basket_body(held, 1000)), 409, "basket-changed")
    assert (refused["basket_status"], refused["actual_version"], refused["changes"]) == (status, 3, [])
    assert await market.counts() == NOTHING


@pytest.mark.parametrize(
    ("shown", "code"),
    [("nobody's", "unknown_basket"), ("another's", "unknown_basket"), ("empty", "empty_basket")],
)
async def test_a_basket_that_cannot_be_ordered_is_named(
    market: Market, basket: BasketDouble, shown: str, code: str
) -> None:
    product = await market.sell(500)
    held = {
        "nobody's": {"id": str(uuid4()), "version": 1},
        "another's": basket.hold(str(uuid4()), [(product, 1)]),
        "empty": basket.hold(market.shopper, []),
    }[shown]
    answer = await market.post(market.basket_body(held, 500))
    [error] = problem(answer, 422, "validation-failed")["errors"]
    assert (error["field"], error["code"]) == ("basket.id", code)
    assert await market.counts() == NOTHING


async def test_the_prices_are_those_of_orders(market: Market, held: Json) -> None:
    await market.pool.execute("update product_price set price_minor = 501")
    refused = problem(await market.post(market.basket_body(held, 1000)), 409, "total-changed")
    assert (refused["expected_total_minor"], refused["actual_total_minor"]) == (1000, 1002)
    assert await market.counts() == NOTHING
    assert (await market.post(market.basket_body(held, 1002))).status_code == 202


async def test_a_product_that_only_basket_knows_is_told(market: Market, basket: BasketDouble) -> None:
    unheard = uuid4()
    held = basket.hold(market.shopper, [(unheard, 1)])
    [error] = problem(await market.post(market.basket_body(held, 1)), 422, "validation-failed")["errors"]
    assert (error["field"], error["code"]) == ("basket.id", "unknown_product")
    assert str(unheard) in error["message"]
    assert await market.counts() == NOTHING


# --- basket is away -------------------------------------------------------------------------------


async def not_now(market: Market, held: Json) -> None:
    answer = await market.post(market.basket_body(held, 1000), key="asked-for-again")
    problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert await market.counts() == NOTHING


@pytest.mark.parametrize("status", [206, 302, 400, 401, 403, 422, 429, 500, 503])
async def test_an_answer_that_was_not_agreed_on_is_no_answer(
    market: Market, basket: BasketDouble, held: Json, status: int
) -> None:
    basket.answering = lambda request: request.tell(status, held, Location="/elsewhere")
    await not_now(market, held)
    assert len(basket.seen) == 1
    basket.answering = None
    # the key was not taken
    assert (await market.post(market.basket_body(held, 1000), key="asked-for-again")).status_code == 202


GARBAGE: list[Json] = [
    {"id": str(uuid4())},
    {"version": "3"},
    {"version": 0},
    {"status": None},
    {"lines": None},
    {"lines": [{"product_id": str(uuid4()), "quantity": 0}]},
    {"lines": [{"product_id": str(uuid4()), "quantity": 100}]},
    {"lines": [{"product_id": "tea", "quantity": 1}]},
    {"lines": [{"product_id": str(uuid4())}]},
    {"lines": [{"product_id": str(uuid4()), "quantity": 1} for _ in range(51)]},
    {"lines": [{"product_id": "0b6ad7d2-7c2f-5f0e-8a55-3a1c7f0a9d01", "quantity": 1}] * 2},
    {"changes": [{"kind": "added"}]},
]


@pytest.mark.parametrize("wrong", GARBAGE, ids=[f"{n}-{next(iter(each))}" for n, each in enumerate(GARBAGE)])
async def test_a_basket_that_is_none_is_no_answer(
    market: Market, basket: BasketDouble, held: Json, wrong: Json
) -> None:
    basket.answering = lambda request: request.tell(200, held | wrong)
    await not_now(market, held)


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"id": ', b"[]", b"null", b"\xff\xfe"])
async def test_what_is_not_json_is_no_answer(
    market: Market, basket: BasketDouble, held: Json, content: bytes
) -> None:
    basket.answering = lambda request: request.tell(200, content)
    await not_now(market, held)


async def test_a_connection_that_breaks_is_no_answer(
    market: Market, basket: BasketDouble, held: Json
) -> None:
    def breaks(request: Handler) -> None:
        request.close_connection = True

    basket.answering = breaks
    await not_now(market, held)


@pytest.mark.parametrize("settings", [{"basket_url": "http://127.0.0.1:1"}], indirect=True)
async def test_nobody_there_is_no_answer(market: Market, held: Json) -> None:
    await not_now(market, held)


async def test_who_answers_drop_by_drop_is_not_waited_for(
    market: Market, basket: BasketDouble, held: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each drop comes in time, the whole does not."""
    monkeypatch.setattr("orders.checkout.baskets.DEADLINE_SECONDS", 0.3)

    def drips(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b" ")
            time.sleep(0.05)

    basket.answering = drips
    began = time.monotonic()
    await not_now(market, held)
    assert 0.3 <= time.monotonic() - began < 2


# --- again ----------------------------------------------------------------------------------------


async def test_a_repeat_is_answered_without_basket(market: Market, basket: BasketDouble, held: Json) -> None:
    body = market.basket_body(held, 1000)
    first = await market.post(body, key="once-and-again")
    held |= {"status": "checked_out", "version": 4}
    basket.answering = lambda request: request.tell(500, {})
    again = await market.post(body, key="once-and-again")
    assert (again.status_code, again.content) == (202, first.content)
    assert len(basket.seen) == 1
    other = await market.post(body | {"payment_token": "tok_late"}, key="once-and-again")
    problem(other, 422, "idempotency-key-reused")
    assert len(basket.seen) == 1
    assert await market.counts() == ONE_ORDER


async def test_twenty_twins_of_a_basket_are_one_order(market: Market, held: Json) -> None:
    body = market.basket_body(held, 1000)
    answers = await asyncio.gather(*(market.post(body, key="twenty-at-once") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert await market.counts() == ONE_ORDER


async def test_twenty_keys_for_one_basket_are_one_order(market: Market, held: Json) -> None:
    body = market.basket_body(held, 1000)
    answers = await asyncio.gather(*(market.post(body) for _ in range(20)))
    [order] = [answer.json() for answer in answers if answer.status_code == 202]
    refused = [answer for answer in answers if answer.status_code != 202]
    assert len(refused) == 19
    for answer in refused:
        told = problem(answer, 409, "basket-ordered")
        assert (told["basket_id"], told["order_id"]) == (held["id"], order["id"])
    assert await market.counts() == ONE_ORDER


class Gate:
    """Holds the first question to basket until it is opened; those after it pass."""

    def __init__(self) -> None:
        self._held = threading.Lock()
        self._open = threading.Event()

    def __call__(self, request: Handler) -> None:
        if self._held.acquire(blocking=False):
            assert self._open.wait(10)
        request.agreed()

    def open(self) -> None:
        self._open.set()


@pytest.mark.parametrize("key", ["the-same-key", "another-key"])
async def test_one_who_asked_while_the_other_bought_learns_of_the_order(
    market: Market, basket: BasketDouble, held: Json, key: str
) -> None:
    """By the time it is answered the order was stored, confirmed, and its basket closed."""
    gate = basket.answering = Gate()
    body = market.basket_body(held, 1000)
    slow = asyncio.create_task(market.post(body, key=key))
    await aeventually(lambda: len(basket.seen) == 1)
    first = await market.post(body, key="the-same-key")
    held |= {"status": "checked_out", "version": 4}
    gate.open()
    answer = await slow
    if key == "the-same-key":
        assert (answer.status_code, answer.content) == (202, first.content)
    else:
        assert problem(answer, 409, "basket-ordered")["order_id"] == first.json()["id"]
    assert await market.counts() == ONE_ORDER


async def test_a_basket_whose_order_was_cancelled_may_be_ordered_again(
    market: Market, container: Container, held: Json
) -> None:
    body = market.basket_body(held, 1000)
    first = (await market.post(body)).json()
    problem(await market.post(body), 409, "basket-ordered")
    await market.cancel(first["id"])
    async with working(container):
        await ended(market, first["id"], "cancelled")
    second = await market.post(body)
    assert second.status_code == 202
    assert second.json()["id"] != first["id"]
    refused = problem(await market.post(body), 409, "basket-ordered")
    assert refused["order_id"] == second.json()["id"]


async def test_a_later_version_is_no_second_order_while_the_first_lives(
    market: Market, container: Container, held: Json
) -> None:
    """What comes into a basket while its order is pending must not buy the rest of it again."""
    first = (await market.post(market.basket_body(held, 1000))).json()
    held["version"] = 4
    refused = problem(await market.post(market.basket_body(held, 1000)), 409, "basket-ordered")
    assert refused["order_id"] == first["id"]
    assert await market.counts() == ONE_ORDER
    await market.cancel(first["id"])
    async with working(container):
        await ended(market, first["id"], "cancelled")
    assert (await market.post(market.basket_body(held, 1000))).status_code == 202

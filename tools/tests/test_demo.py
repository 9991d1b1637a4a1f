"""The demo's client and its words; the purchase itself is played on the running market."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from rich.console import Console

from tools import demo, shopper
from tools.books import parse
from tools.shopper import (
    AwayError,
    DemoError,
    Person,
    RefusedError,
    Shopper,
    basket_body,
    order_body,
    wait_until,
)
from tools.story import book_rows, expect, first_with, ledger_rows, when_in_stock, when_known
from tools.telling import Teller, money
from tools.tests.market import CONFIRMED, PARTICIPANTS

type Handler = Callable[[httpx.Request], httpx.Response]

TEA = {
    "id": "p-tea",
    "name": "Tea",
    "price_minor": 450,
    "currency": "EUR",
    "available": 9,
    "seller": {"name": "Stall"},
}


def at(handler: Handler) -> Shopper:
    return Shopper(httpx.Client(base_url="http://market", transport=httpx.MockTransport(handler)), token="t")


def teller() -> tuple[Teller, io.StringIO]:
    out = io.StringIO()
    return Teller(Console(file=out, width=200, highlight=False)), out


def step(name: str, outcome: str = "done", attempt: int = 1, detail: Any = None) -> dict[str, Any]:
    return {
        "step": name,
        "service": "payments",
        "outcome": outcome,
        "attempt": attempt,
        "detail": detail,
        "started_at": "2026-11-21T12:00:00.100000Z",
        "finished_at": "2026-11-21T12:00:00.142000Z",
    }


# --- the client -----------------------------------------------------------------------------------


def test_a_refusal_tells_the_problem_s_words_and_its_trace() -> None:
    problem = {
        "type": "https://bazaar.example/problems/total-changed",
        "title": "The total changed",
        "trace_id": "abc",
    }
    with pytest.raises(RefusedError, match="409 The total changed") as caught:
        at(lambda _: httpx.Response(409, json=problem)).place({})
    assert caught.value.slug == "total-changed"
    assert "abc" in caught.value.advice


def test_a_refusal_without_a_problem_is_told_too() -> None:
    with pytest.raises(RefusedError, match="502 upstream gone"):
        at(lambda _: httpx.Response(502, text="upstream gone")).look_at("o-1")


def test_a_gateway_that_does_not_answer_is_said_with_what_to_do() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(AwayError, match="nothing answers at http://market") as caught:
        at(refuse).look_at("o-1")
    assert "make up" in caught.value.advice


def test_a_request_that_came_too_soon_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("tools.shopper.time.sleep", waited.append)
    answers = iter(
        [httpx.Response(429, headers={"Retry-After": "3"}), httpx.Response(200, json={"id": "o-1"})]
    )
    assert at(lambda _: next(answers)).look_at("o-1") == {"id": "o-1"}
    assert waited == [3.0]


def test_a_signed_in_person_sends_the_token() -> None:
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("Authorization"))
        return httpx.Response(201, json={"access_token": "fresh", "expires_in": 600})

    person = Person(httpx.Client(base_url="http://market", transport=httpx.MockTransport(answer)))
    person.sign_in("ada@bazaar.example", "secret")
    person.ask("GET", "/api/orders")
    assert seen == [None, "Bearer fresh"]


def test_each_step_is_told_once_and_only_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopper, "POLL", 0)
    under_way = step("capture_payment") | {"finished_at": None, "outcome": None}
    journals = iter(
        [[under_way], [step("capture_payment"), under_way], [step("capture_payment"), step("commit_stock")]]
    )
    states = iter(["capturing", "committing", "completed"])

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/journal"):
            return httpx.Response(200, json={"items": next(journals)})
        return httpx.Response(200, json={"status": "pending", "saga": {"state": next(states)}})

    told = [each["step"] for each in at(answer).steps("o-1", within=30)]
    assert told == ["capture_payment", "commit_stock"]


def test_a_service_that_is_away_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.shopper.time.sleep", lambda _: None)
    answers = iter(
        [
            httpx.Response(503, json={"title": "away"}),
            httpx.Response(200, json={"status": "confirmed", "saga": {"state": "completed"}}),
            httpx.Response(200, json={"items": [step("book_parcels")]}),
        ]
    )
    assert len(list(at(lambda _: next(answers)).steps("o-1", within=30))) == 1


def test_a_saga_that_does_not_end_is_said_with_where_it_stands() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/journal"):
            return httpx.Response(200, json={"items": []})
        return httpx.Response(200, json={"status": "pending", "saga": {"state": "capturing"}})

    with pytest.raises(AwayError, match="still pending/capturing"):
        list(at(answer).steps("o-1", within=0))


def test_waiting_is_bounded() -> None:
    with pytest.raises(AwayError, match="that pigs fly did not happen within 0 s"):
        wait_until("that pigs fly", lambda: None, within=0, every=0)
    assert wait_until("an answer", lambda: 42, within=0) == 42


def test_an_order_asks_for_the_total_that_was_shown() -> None:
    body = order_body([(TEA, 2), (TEA | {"id": "p-map", "price_minor": 1000}, 1)])
    assert body["expected_total_minor"] == 1900
    assert body["lines"] == [{"product_id": "p-tea", "quantity": 2}, {"product_id": "p-map", "quantity": 1}]
    assert (body["payment_token"], body["currency"]) == ("tok_approve", "EUR")


class Baskets:
    """Basket's answers as its contract gives them, and what it was asked."""

    def __init__(self, mine: list[str]) -> None:
        self.asked: list[tuple[str, str, str | None, str | None]] = []
        self.mine = mine

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, headers = request.url.path.removeprefix("/api/basket/baskets"), request.headers
        self.asked.append((request.method, path, headers.get("If-Match"), headers.get("Basket-Token")))
        basket: dict[str, Any] = {"id": "b-guest", "version": 1 + len(self.asked), "lines": []}
        if path == "/mine":
            basket |= {"id": "b-mine", "lines": [{"product_id": each} for each in self.mine]}
        if path == "/mine/merge":
            assert json.loads(request.content) == {"basket_id": "b-guest", "token": "secret"}
        return httpx.Response(200, json=basket | ({"token": "secret"} if path == "" else {}))


def test_a_guest_shows_the_basket_s_token_and_names_the_version() -> None:
    baskets = Baskets([])
    guest = at(baskets)
    guest.token = None
    guest.add(guest.guest_basket(), "p-tea", 2)
    assert baskets.asked == [
        ("POST", "", None, None),
        ("POST", "/b-guest/lines", '"2"', "secret"),
    ]


@pytest.mark.parametrize(
    ("mine", "emptied"), [([], []), (["p-old"], [("DELETE", "/b-mine/lines", '"2"', None)])]
)
def test_what_an_earlier_visit_left_is_not_bought(mine: list[str], emptied: list[Any]) -> None:
    baskets = Baskets(mine)
    member = at(baskets)
    member.basket_token = "secret"
    member.merge({"id": "b-guest"})
    assert baskets.asked == [
        ("GET", "/mine", None, None), *emptied, ("POST", "/mine/merge", None, None),
    ]  # fmt: skip


def test_a_basket_is_ordered_as_it_was_shown() -> None:
    body = basket_body({"id": "b-1", "version": 4, "total_minor": 1900, "currency": "EUR", "lines": []})
    assert body["basket"] == {"id": "b-1", "version": 4}
    assert (body["expected_total_minor"], body["currency"], "lines" in body) == (1900, "EUR", False)


# --- the story ------------------------------------------------------------------------------------


def test_a_broken_promise_is_told() -> None:
    expect(True, "nothing")
    with pytest.raises(DemoError, match="a promise was broken: the order is pending"):
        expect(False, "the order is pending")


def test_who_has_not_heard_of_a_product_yet_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.shopper.time.sleep", lambda _: None)
    unknown = {"errors": [{"field": "product_id", "code": "unknown_product"}]}
    answers = iter([httpx.Response(422, json=unknown), httpx.Response(202, json={"id": "o-1"})])
    shopper = at(lambda _: next(answers))
    assert when_known("orders", lambda: shopper.place({}))["id"] == "o-1"
    wrong = {"errors": [{"field": "lines", "code": "missing"}]}
    with pytest.raises(RefusedError):
        when_known("orders", lambda: at(lambda _: httpx.Response(422, json=wrong)).place({}))


def test_only_what_is_in_stock_is_bought() -> None:
    scarce, unknown = TEA | {"available": 3}, TEA | {"available": None}
    assert first_with([scarce, unknown, TEA], 4) is TEA
    with pytest.raises(DemoError, match="4 pieces") as caught:
        first_with([scarce, unknown], 4)
    assert "make seed" in caught.value.advice


def test_right_after_a_first_start_the_stock_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.shopper.time.sleep", lambda _: None)
    known = iter([[TEA | {"available": None}], [TEA]])
    assert when_in_stock(lambda: first_with(next(known), 4)) is TEA
    with pytest.raises(DemoError, match="4 pieces"):
        when_in_stock(lambda: first_with([], 4), within=0)


def test_the_books_lines_of_an_order() -> None:
    books = parse("fulfillment", [json.dumps(record) for record in PARTICIPANTS])
    assert [row[2] for row in book_rows(books, CONFIRMED)] == [
        "committed: 3 pieces",
        "captured: authorized 15.00 EUR, captured 15.00 EUR, refunded 0.00 EUR",
        "1 capture, 15.00 EUR",
        "2 parcels: booked, booked",
    ]
    empty = parse("fulfillment", [])
    assert ("", "sales_liability", "0.00 EUR", "-60.00 EUR", "-60.00") in ledger_rows(empty, books)


# --- its words ------------------------------------------------------------------------------------


def test_a_step_is_told_with_service_framework_time_and_reason() -> None:
    tell, out = teller()
    tell.step(step("capture_payment"))
    tell.step(step("authorize_payment", "refused", 2, {"reason": "payment_declined"}))
    done, refused = out.getvalue().splitlines()
    assert done.split() == ["✓", "capture_payment", "payments", "·", "Nameko", "42", "ms", *MEANT.split()]
    assert "try 2" in refused
    assert refused.endswith("refused (payment_declined)")
    assert "\x1b" not in out.getvalue()


MEANT = "the money is taken: from here on there is no way back but a refund"


def test_what_the_market_says_is_not_taken_for_markup() -> None:
    tell, out = teller()
    tell.failure("[bold]x[/]", "[red]y")
    assert "✗ [bold]x[/]" in out.getvalue()
    assert "[red]y" in out.getvalue()


def test_money_has_its_currency() -> None:
    assert (money(123456), money(5, "USD")) == ("1,234.56 EUR", "0.05 USD")


def test_an_unknown_account_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--email", "nobody@bazaar.example"]) == demo.BROKEN
    assert "nobody@bazaar.example is no demo account" in capsys.readouterr().out

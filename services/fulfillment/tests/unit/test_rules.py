"""The rules that need no database: validation, addresses, quotes, the ledger's arithmetic, what the
processor's books say.
"""

from base64 import b32decode
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from fulfillment import validation
from fulfillment.errors import AddressRejected, InvalidRequest, OutOfStock, Refusal, refusal
from fulfillment.payments import ledger
from fulfillment.payments.compare import Difference, differences
from fulfillment.payments.processor import Answer, what_the_books_say
from fulfillment.shipping.addresses import POSTAL_CODES, parse_address, shape_address
from fulfillment.shipping.parcels import tracking_code
from fulfillment.shipping.quotes import Quote, quote
from fulfillment.steps import Outcome, Step
from fulfillment.validation import Line, SellerLine

PRODUCT = "7d3f0c9e-6a51-5b07-9a52-3f0f0a3b7f11"
ADDRESS = {"name": "Ada", "line1": "Ring 1", "postal_code": "10117", "city": "Berlin", "country": "DE"}


def test_lines_become_typed() -> None:
    assert validation.lines([{"product_id": PRODUCT, "quantity": 2}]) == (Line(UUID(PRODUCT), 2),)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], "lines"),
        (None, "lines"),
        ({}, "lines"),
        ([{"product_id": PRODUCT, "quantity": 1}] * 51, "lines"),
        ([7], "lines[0]"),
        ([{"product_id": PRODUCT}], "lines[0]"),
        ([{"product_id": PRODUCT, "quantity": 1, "price": 1}], "lines[0]"),
        ([{"product_id": "x", "quantity": 1}], "lines[0].product_id"),
        ([{"product_id": 5, "quantity": 1}], "lines[0].product_id"),
        ([{"product_id": PRODUCT, "quantity": 0}], "lines[0].quantity"),
        ([{"product_id": PRODUCT, "quantity": -1}], "lines[0].quantity"),
        ([{"product_id": PRODUCT, "quantity": True}], "lines[0].quantity"),
        ([{"product_id": PRODUCT, "quantity": "2"}], "lines[0].quantity"),
        ([{"product_id": PRODUCT, "quantity": 10**9}], "lines[0].quantity"),
        ([{"product_id": PRODUCT, "quantity": 1}] * 2, "lines[1].product_id"),
    ],
)
def test_bad_lines_name_the_field(value: Any, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        validation.lines(value)
    assert refused.value.detail["field"] == field


def test_every_country_of_the_market_takes_its_own_codes() -> None:
    good = {
        "AT": "1010", "BE": "1000", "CZ": "110 00", "DE": "10117", "DK": "1050", "ES": "28001", "FI": "00100",
        "FR": "75001", "IE": "D02 X285", "IT": "00118", "LU": "1111", "NL": "1012 AB", "PL": "00-001",
        "PT": "1000-001", "SE": "111 20",
    }  # fmt: skip
    assert good.keys() == POSTAL_CODES.keys()
    for country, code in good.items():
        assert parse_address({**ADDRESS, "country": country, "postal_code": code}).country == country


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"country": "US"}, "country"),
        ({"country": ""}, "country"),
        ({"country": None}, "country"),
        ({"city": "  "}, "city"),
        ({"city": 5}, "city"),
        ({"name": ""}, "name"),
        ({"line1": "x" * 201}, "line1"),
        ({"postal_code": "1011"}, "postal_code"),
        ({"postal_code": "10117\n"}, None),
        ({"postal_code": "101170"}, "postal_code"),
        ({"country": "PL", "postal_code": "00001"}, "postal_code"),
    ],
)
def test_a_bad_address_names_the_field(change: dict[str, Any], field: str | None) -> None:
    if field is None:  # white space around a field is the typist's, not the address'
        assert parse_address({**ADDRESS, **change}).postal_code == "10117"
        return
    with pytest.raises(AddressRejected) as refused:
        parse_address({**ADDRESS, **change})
    assert refused.value.detail["field"] == field


@pytest.mark.parametrize(
    ("value", "field"), [("Berlin", "address"), ({**ADDRESS, "planet": "x"}, "address.planet")]
)
def test_what_is_no_address_is_the_callers_mistake(value: Any, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_address(value)
    assert refused.value.detail["field"] == field


def test_a_country_in_small_letters_and_no_second_line() -> None:
    assert parse_address({**ADDRESS, "country": "de", "line2": None}).as_dict() == {**ADDRESS, "line2": ""}


@pytest.mark.parametrize("change", [{"country": "US"}, {"postal_code": "x"}, {"name": None}, {"planet": "x"}])
def test_an_address_that_was_judged_is_only_shaped(change: dict[str, Any]) -> None:
    address = {**ADDRESS, "city": " Berlin\n", **change}
    with pytest.raises((AddressRejected, InvalidRequest)):
        parse_address(address)
    known = {name: value or "" for name, value in {**ADDRESS, **change}.items() if name != "planet"}
    assert shape_address(address).as_dict() == {**known, "line2": ""}


def test_what_the_shape_of_a_good_address_is_does_not_depend_on_who_asks() -> None:
    address = {**ADDRESS, "country": "de", "postal_code": " 10117 ", "line2": "c/o Babbage"}
    assert shape_address(address) == parse_address(address)


def test_a_tracking_code_is_the_whole_id() -> None:
    parcel_id = UUID("6b0f2b62-12a4-4b1c-8a39-6f0d0ce5f0aa")
    code = tracking_code(parcel_id)
    assert code == "BZNMHSWYQSURFRZCRZN4GQZZPQVI"
    assert UUID(bytes=b32decode(f"{code.removeprefix('BZ')}======")) == parcel_id


def test_one_quote_for_each_seller() -> None:
    first, second = sorted([uuid4(), uuid4()])
    lines = [SellerLine(uuid4(), second, 1), SellerLine(uuid4(), first, 2), SellerLine(uuid4(), second, 3)]
    home, abroad = parse_address(ADDRESS), parse_address({**ADDRESS, "country": "FR"})
    assert quote(home, lines) == [Quote(first, "Marktpost", 434), Quote(second, "Marktpost", 504)]
    assert [offer.cost_minor for offer in quote(abroad, lines)] == [934, 1004]


@pytest.mark.parametrize("kind", ledger.RULES)
def test_every_posting_rule_is_balanced(kind: str) -> None:
    entries = ledger.entries(kind, 1999, "EUR")
    assert sum(entry.amount_minor for entry in entries) == 0
    assert {entry.currency for entry in entries} == {"EUR"}


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (("authorized", "voided"), {}),
        (("authorized", "captured", "refunded"), {"refunds": 7, "sales_liability": -7}),
    ],
)
def test_a_payments_whole_life_adds_up(path: tuple[str, ...], left: dict[str, int]) -> None:
    balance: Counter[str] = Counter()
    for kind in path:
        for entry in ledger.entries(kind, 7, "EUR"):
            balance[entry.account] += entry.amount_minor
    assert {account: amount for account, amount in balance.items() if amount} == left


BOOKS = {
    "authorization_id": "a1",
    "status": "authorized",
    "reason": None,
    "capture_declined": None,
    "captured_minor": 0,
    "refunded_minor": 0,
}
DONE = Answer(authorization_id="a1")


@pytest.mark.parametrize(
    ("step", "change", "answer"),
    [
        ("authorize_payment", {}, DONE),
        ("authorize_payment", {"captured_minor": 5}, DONE),
        (
            "authorize_payment",
            {"status": "declined", "reason": "card_declined"},
            Answer(declined="card_declined"),
        ),
        ("authorize_payment", {"status": "voided"}, Answer(declined="voided")),
        ("capture_payment", {}, None),
        ("capture_payment", {"captured_minor": 5}, DONE),
        ("capture_payment", {"capture_declined": "no"}, Answer(declined="no")),
        ("capture_payment", {"status": "voided"}, Answer(declined="voided")),
        ("void_payment", {}, None),
        ("void_payment", {"status": "voided"}, DONE),
        ("refund_payment", {"captured_minor": 5}, None),
        ("refund_payment", {"captured_minor": 5, "refunded_minor": 5}, DONE),
    ],
)
def test_only_what_stands_in_the_books_is_an_answer(
    step: str, change: dict[str, Any], answer: Answer | None
) -> None:
    assert what_the_books_say(step, {**BOOKS, **change}) == answer


def test_a_fingerprint_tells_requests_apart_and_hides_them() -> None:
    order_id = uuid4()
    one = Step.asked(order_id, "authorize_payment", token="tok_approve", amount=5)
    assert one == Step.asked(order_id, "authorize_payment", amount=5, token="tok_approve")
    assert one != Step.asked(order_id, "authorize_payment", amount=6, token="tok_approve")
    assert "tok" not in (one.fingerprint or "")


def test_an_outcome_gives_its_reply_or_raises_its_refusal() -> None:
    assert Outcome({"state": "reserved"}).give() == {"state": "reserved"}
    with pytest.raises(OutOfStock) as refused:
        Outcome.refused(OutOfStock({"lines": []})).give()
    assert refused.value.detail == {"lines": []}


def test_every_refusal_survives_its_storage() -> None:
    for name, kind in Refusal.registry.items():
        again = refusal(name, {"a": 1})
        assert type(again) is kind
        assert again.args == ({"a": 1},)


def test_differences_between_the_books_are_named() -> None:
    ours = {
        "a": {"captured_minor": 5, "refunded_minor": 0, "amount_minor": 5},
        "b": {"captured_minor": 5, "refunded_minor": 5, "amount_minor": 5},
        "c": {"captured_minor": 4, "refunded_minor": 0, "amount_minor": 5},
    }
    theirs = {
        "a": {"captured_minor": 10, "captures": 2, "refunded_minor": 0},
        "b": {"captured_minor": 5, "captures": 1, "refunded_minor": 5},
        "c": {"captured_minor": 4, "captures": 1, "refunded_minor": 0},
        "d": {"captured_minor": 9, "captures": 1, "refunded_minor": 0},
    }
    assert list(differences(ours, theirs)) == [
        Difference("a", "captures", 1, 2),
        Difference("a", "captured_minor", 5, 10),
        Difference("c", "captured is not what was due", 5, 4),
        Difference("d", "captured_minor", 0, 9),
    ]
    assert list(differences({"b": ours["b"]}, {"b": theirs["b"]})) == []

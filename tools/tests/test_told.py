"""What is told of orders beside the purchase: mails, figures, tracking. Each kind of damage is named."""

# ruff: noqa: E501 - a table is read by its columns

from __future__ import annotations

from typing import Any

import pytest

from tools.combinations import ALLOWED, MAILS
from tools.tests.market import (
    CONFIRMED,
    DELIVERED,
    KEPT,
    MOVING,
    NO_STOCK,
    REFUNDED,
    SAM,
    SHIPPED,
    TELLERS,
    Market,
    ago,
    mail,
    mail_for,
    order,
    position,
    sale,
    tracked,
)


@pytest.fixture
def market() -> Market:
    return Market()


def id_of(order_id: str, status: str) -> dict[str, str]:
    return {"id": mail(order_id, status)["id"]}


def named(order_id: str, status: str) -> str:
    return f"mail {id_of(order_id, status)['id']}"


def moving(market: Market, **settings: Any) -> set[str]:
    return {each.subject for each in market.judged(**settings).moving} - {f"order {MOVING}"}


def test_there_is_a_word_on_mails_for_every_status() -> None:
    assert {status for status, _ in ALLOWED} | {"pending", "refunding"} == MAILS.keys()


# --- one field at a time --------------------------------------------------------------------------

DAMAGES: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, str]]] = [
    ("mail_intent", id_of(CONFIRMED, "confirmed"), {"template": "order_cancelled"}, ("mail about a confirmed order", f"order {CONFIRMED}")),
    ("mail_intent", id_of(SHIPPED, "shipped"), {"template": "order_delivered"}, ("mail about a shipped order", f"order {SHIPPED}")),
    ("mail_intent", id_of(REFUNDED, "refunded"), {"template": "order_shipped"}, ("mail about a refunded order", f"order {REFUNDED}")),
    ("mail_intent", id_of(NO_STOCK, "cancelled"), {"template": "order_confirmed"}, ("mail about a cancelled order", f"order {NO_STOCK}")),
    ("mail_intent", id_of(NO_STOCK, "cancelled"), {"order_id": MOVING, "cause": f"order:{MOVING}"}, ("mail about a pending order", f"order {MOVING}")),
    ("mail_intent", id_of(NO_STOCK, "cancelled"), {"order_id": "o-nobody"}, ("orphan mail", named(NO_STOCK, "cancelled"))),
    ("mail_intent", id_of(NO_STOCK, "cancelled"), {"order_id": None}, ("orphan mail", named(NO_STOCK, "cancelled"))),
    ("mail_intent", id_of(SHIPPED, "confirmed"), {"cause": f"order:{DELIVERED}"}, ("cause of a mail", named(SHIPPED, "confirmed"))),
    ("mail_intent", id_of(SHIPPED, "confirmed"), {"recipient": "shopper-ada"}, ("mail to another", named(SHIPPED, "confirmed"))),
    ("mail_intent", id_of(SHIPPED, "confirmed"), {"message_id": None}, ("sent without a Message-ID", named(SHIPPED, "confirmed"))),
    ("mail_intent", id_of(SHIPPED, "confirmed"), {"message_id": mail(SHIPPED, "shipped")["message_id"]}, ("mails with one Message-ID", f"mail {mail(SHIPPED, 'shipped')['message_id']}")),
    ("mail_intent", id_of(SHIPPED, "confirmed"), {"state": "dead"}, ("mail that was given up", named(SHIPPED, "confirmed"))),
    ("mail_intent", id_of(SHIPPED, "confirmed"), {"state": "lost"}, ("state of a mail", named(SHIPPED, "confirmed"))),
    ("mail_intent", {"template": "basket_abandoned"}, {"cause": "basket:b-nobody:1"}, ("orphan mail", f"mail basket:{KEPT}:2 basket_abandoned {SAM}")),
    ("mail_intent", {"recipient": "staff-mara"}, {"cause": "review:r-nobody"}, ("orphan mail", "mail review:r-received review_received staff-mara")),
    ("insight_order", {"order_id": CONFIRMED, "seller_id": "s-teas"}, {"amount_minor": 501}, ("counted by insights", f"order {CONFIRMED}")),
    ("insight_order", {"order_id": CONFIRMED, "seller_id": "s-teas"}, {"state": "refunded"}, ("a confirmed order in insights", f"order {CONFIRMED}")),
    ("insight_order", {"order_id": REFUNDED, "seller_id": "s-teas"}, {"state": "doubled"}, ("a refunded order in insights", f"order {REFUNDED}")),
    ("insight_order", {"order_id": CONFIRMED, "seller_id": "s-teas"}, {"currency": "USD"}, ("currency in insights", f"order {CONFIRMED}")),
    ("insight_order", {"order_id": CONFIRMED, "seller_id": "s-teas"}, {"order_id": NO_STOCK}, ("counted without being bought", f"order {NO_STOCK}")),
    ("insight_order", {"order_id": CONFIRMED, "seller_id": "s-teas"}, {"order_id": MOVING}, ("counted without being bought", f"order {MOVING}")),
    ("insight_order", {"order_id": CONFIRMED, "seller_id": "s-teas"}, {"order_id": "o-nobody"}, ("orphan in insights", "order o-nobody")),
    ("tracked_order", {"order_id": SHIPPED}, {"version": 4}, ("tracking ahead of the order", f"order {SHIPPED}")),
    ("tracked_order", {"order_id": SHIPPED}, {"status": "delivered"}, ("tracked status", f"order {SHIPPED}")),
    ("tracked_order", {"order_id": SHIPPED}, {"order_id": "o-nobody"}, ("orphan tracking", "order o-nobody")),
    ("conversation", {"id": "c-sam"}, {"messages": 3}, ("messages = last number", "conversation c-sam")),
    ("conversation", {"id": "c-sam"}, {"messages": 5}, ("messages = last number", "conversation c-sam")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "known", "values", "found"), DAMAGES)
def test_a_changed_field_is_named(
    market: Market, kind: str, known: dict[str, Any], values: dict[str, Any], found: tuple[str, str]
) -> None:
    market.change(kind, known, **values)
    assert found in market.found()


def test_a_fault_names_the_books_and_what_was_expected(market: Market) -> None:
    market.change("mail_intent", id_of(REFUNDED, "refunded"), template="order_shipped")
    market.change("insight_order", {"order_id": REFUNDED, "seller_id": "s-teas"}, amount_minor=600)
    assert [str(fault) for fault in market.judged().faults] == [
        f"order {REFUNDED}: counted by insights (insights / orders): expected 1500, found 1600",
        f"order {REFUNDED}: mail about a refunded order (notifications / orders): expected order_confirmed, order_refunded, found order_shipped",
    ]


@pytest.mark.parametrize("state", ["pending", "sent", "skipped"])
def test_a_second_mail_for_one_cause_is_named(market: Market, state: str) -> None:
    second = mail(CONFIRMED, "confirmed", state) | {"id": "m-2", "message_id": "<m-2@bazaar.example>"}
    market.participants.append(second)
    assert market.found() == {(f"order_confirmed to {SAM}", f"order:{CONFIRMED}")}


def test_one_cause_may_be_told_to_several_people(market: Market) -> None:
    market.participants.append(mail_for("review:r-demo", "review_received", "staff-tess"))
    market.participants.append(mail_for("report:s-teas:2026-11-19", "sales_report", "staff-tess"))
    assert market.found() == set()


def test_a_mail_that_nobody_needs_is_no_fault(market: Market) -> None:
    """An erased account's: skipped, with no Message-ID that ever left."""
    market.change("mail_intent", id_of(CONFIRMED, "confirmed"), state="skipped", message_id=None)
    assert market.found() == set()


def test_an_order_may_be_delivered_without_having_been_shipped(market: Market) -> None:
    assert market.found() == set()  # the clean market's is
    market.participants.append(mail(DELIVERED, "shipped"))
    assert (market.found(), moving(market)) == (set(), set())


def test_while_it_is_refunded_what_was_told_before_stays(market: Market) -> None:
    market.change("order", {"id": SHIPPED}, status="refunding", saga_state="withdrawing")
    assert not {rule for rule, _ in market.found() if "mail" in rule or "insights" in rule}


# --- what is not told yet is on its way -----------------------------------------------------------


@pytest.mark.parametrize(
    ("order_id", "status", "missing"),
    [
        (CONFIRMED, "confirmed", "order_confirmed"),
        (SHIPPED, "shipped", "order_confirmed"),
        (SHIPPED, "shipped", "order_shipped"),
        (DELIVERED, "delivered", "order_delivered"),
        (REFUNDED, "refunded", "order_refunded"),
        (NO_STOCK, "cancelled", "order_cancelled"),
    ],
)
def test_a_mail_that_is_not_meant_yet_is_waited_for_and_missed_in_the_end(
    market: Market, order_id: str, status: str, missing: str
) -> None:
    market.remove("mail_intent", order_id=order_id, template=missing)
    assert market.judged(overdue=10).faults == []
    assert moving(market) == {f"order {order_id}"}
    [fault] = market.judged(overdue=9).faults
    assert (fault.rule, fault.subject) == ("moving for too long", f"order {order_id}")
    assert fault.found == f"{status}, no mail yet: {missing}, 10 s"


def test_a_mail_that_is_not_sent_is_waited_for_and_missed_in_the_end(market: Market) -> None:
    market.change("mail_intent", id_of(CONFIRMED, "confirmed"), state="pending", attempts=2)
    subject = named(CONFIRMED, "confirmed")
    assert market.judged(overdue=10).faults == []
    assert moving(market) == {subject}
    assert market.judged().mails == {"sent": 12, "skipped": 1, "pending": 1}
    [fault] = market.judged(overdue=9).faults
    assert (fault.rule, fault.subject, fault.books) == ("moving for too long", subject, "notifications")
    assert fault.found == f"order_confirmed for order:{CONFIRMED}, pending after 2 attempts, 10 s"


def test_insights_may_not_have_counted_an_order_yet(market: Market) -> None:
    market.remove("insight_order", order_id=SHIPPED, seller_id="s-maps")
    assert moving(market, overdue=10) == {f"order {SHIPPED}"}
    assert market.judged(overdue=10).faults == []
    [fault] = market.judged(overdue=9).faults
    assert (fault.rule, fault.found) == (
        "moving for too long",
        "shipped, insights counts 500 of 1500 yet, 10 s",
    )


def test_insights_may_not_have_heard_of_a_refund_yet(market: Market) -> None:
    market.change("insight_order", {"order_id": REFUNDED, "seller_id": "s-maps"}, state="counted")
    assert market.judged(overdue=10).faults == []
    [fault] = market.judged(overdue=9).faults
    assert fault.found == "refunded, insights has not heard of the refund yet, 10 s"


def test_while_insights_is_behind_none_of_it_is_late(market: Market) -> None:
    market.remove("insight_order", order_id=SHIPPED, seller_id="s-maps")
    market.change("insights_position", {"partition": 0}, consumed=9)
    assert moving(market, overdue=0.1) >= {f"order {SHIPPED}", "partition orders.order/0"}
    assert f"order {SHIPPED}" not in {fault.subject for fault in market.judged(overdue=0.1).faults}
    [behind] = [each for each in market.judged().moving if each.kind == "partition"]
    assert behind.where == "3 not consumed yet"


def test_being_behind_excuses_no_amount_that_is_wrong(market: Market) -> None:
    market.change("insights_position", {"partition": 0}, consumed=0)
    market.participants.append(sale(CONFIRMED, "s-more", 1))
    assert market.found() == {("counted by insights", f"order {CONFIRMED}")}


@pytest.mark.parametrize("known", [None, ("shipped", 2)])
def test_chat_may_not_know_of_the_last_change_yet(market: Market, known: tuple[str, int] | None) -> None:
    market.remove("tracked_order", order_id=DELIVERED)
    if known:
        market.participants.append(tracked(DELIVERED, *known))
    assert market.judged(overdue=10).faults == []
    assert moving(market) == {f"order {DELIVERED}"}
    [fault] = market.judged(overdue=9).faults
    shown = "shipped (version 2)" if known else "nothing"
    assert fault.found == f"delivered, chat shows {shown} yet, 10 s"


def test_an_order_that_moves_is_not_waited_for(market: Market) -> None:
    market.after.append(order("o-new", "confirmed", "booking", age=0))
    assert moving(market) == {"order o-new"}
    assert market.judged().faults == []


@pytest.mark.parametrize("service", TELLERS)
def test_who_is_not_in_the_market_is_not_waited_for(market: Market, service: str) -> None:
    kinds = {"notifications": "mail", "insights": "insight", "chat": "tracked"}
    market.participants = [
        each for each in market.participants if not each["kind"].startswith(kinds[service])
    ]
    assert moving(market)
    market.services.remove(service)
    assert (market.judged().faults, moving(market)) == ([], set())


# --- parcels go on by a clock of their own --------------------------------------------------------


def by_parcels(market: Market) -> dict[str, bool]:
    return {each.subject: each.by_parcels for each in market.judged(overdue=1e12).moving}


def test_the_news_of_a_parcel_is_no_unrest_while_it_is_young(market: Market) -> None:
    market.remove("mail_intent", order_id=SHIPPED, template="order_shipped")
    market.change("mail_intent", id_of(DELIVERED, "delivered"), state="pending")
    market.change("tracked_order", {"order_id": DELIVERED}, version=2, status="shipped")
    subjects = [f"order {SHIPPED}", f"order {DELIVERED}", named(DELIVERED, "delivered")]
    assert [by_parcels(market)[subject] for subject in subjects] == [True] * 3

    for id_ in (SHIPPED, DELIVERED):
        market.change("order", {"id": id_}, updated_at=ago(31))
    for meant in (ago(31), None):
        market.change("mail_intent", id_of(DELIVERED, "delivered"), created_at=meant)
        assert [by_parcels(market)[subject] for subject in subjects] == [False] * 3


def test_what_a_saga_makes_told_is_unrest_however_young(market: Market) -> None:
    market.remove("mail_intent", order_id=SHIPPED, template="order_confirmed")
    market.change("mail_intent", id_of(CONFIRMED, "confirmed"), state="pending")
    market.remove("insight_order", order_id=DELIVERED, seller_id="s-maps")
    market.remove("tracked_order", order_id=CONFIRMED)
    found = by_parcels(market)
    for subject in (
        f"order {SHIPPED}",
        named(CONFIRMED, "confirmed"),
        f"order {DELIVERED}",
        f"order {CONFIRMED}",
    ):
        assert found[subject] is False


def test_partitions_are_read_as_they_are(market: Market) -> None:
    market.participants.append(position(2, 7, 7))
    assert moving(market) == set()

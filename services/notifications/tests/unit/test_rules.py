"""Who is told what and when: without a server."""

import random
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from notifications.domain.intents import Intent, Template, addressed, of_basket, of_day, of_order, of_review
from notifications.domain.money import included_tax, percent, shown, tax_by_rate
from notifications.domain.timing import days_to_report, pause_after


@pytest.mark.parametrize("status", ["pending", "refunding", "something_new"])
def test_statuses_that_are_no_news(status: str) -> None:
    assert of_order(uuid4(), uuid4(), status, None) is None


@pytest.mark.parametrize("status", ["confirmed", "shipped", "delivered", "cancelled", "refunded"])
def test_a_status_that_is_told_again_has_the_same_cause(status: str) -> None:
    order_id, shopper_id = uuid4(), uuid4()
    first, second = (of_order(order_id, shopper_id, status, None) for _ in range(2))
    assert first
    assert second
    key = (f"order:{order_id}", f"order_{status}", shopper_id)
    assert (first.cause, first.template, first.recipient) == key
    assert (second.cause, second.template, second.recipient) == key


def test_causes_and_contexts_hold_ids_and_numbers_only() -> None:
    basket_id, review_id, product_id, seller_id = (uuid4() for _ in range(4))
    reminder = of_basket(basket_id, 7, uuid4())
    review = of_review(review_id, product_id, 4, None)
    report = of_day(seller_id, date(2026, 11, 25))
    assert (reminder.cause, reminder.context) == (
        f"basket:{basket_id}:7",
        {"basket_id": str(basket_id), "version": 7},
    )
    assert (review.cause, review.context) == (
        f"review:{review_id}",
        {"review_id": str(review_id), "product_id": str(product_id), "rating": 4},
    )
    assert (report.cause, report.context) == (
        f"report:{seller_id}:2026-11-25",
        {"seller_id": str(seller_id), "day": "2026-11-25"},
    )


def test_news_for_a_stall_is_one_intent_for_each_of_its_staff() -> None:
    report = of_day(uuid4(), date(2026, 11, 25))
    one, other = uuid4(), uuid4()
    intents = addressed(report, [one, other, one])
    assert [intent.recipient for intent in intents] == sorted([one, other])
    assert {(intent.cause, intent.template, intent.context["day"]) for intent in intents} == {
        (report.cause, Template.SALES_REPORT, "2026-11-25")
    }


def test_a_message_id_is_made_of_the_intent_s_id() -> None:
    intent = Intent(
        id=UUID("1f3a7a52-0d0c-4c55-8d64-9a7a3d7f1b22"),
        cause="c",
        template=Template.SALES_REPORT,
        recipient=uuid4(),
    )
    assert intent.message_id("bazaar.example") == "<1f3a7a52-0d0c-4c55-8d64-9a7a3d7f1b22@bazaar.example>"


def test_pauses_double_up_to_the_longest_between_half_and_all() -> None:
    whole = [
        pause_after(attempts, 5, 3600, jitter=lambda: 1.0).total_seconds()
        for attempts in (1, 2, 3, 10, 11, 99)
    ]
    half = [pause_after(attempts, 5, 3600, jitter=lambda: 0.0).total_seconds() for attempts in (1, 2, 3)]
    assert whole == [5, 10, 20, 2560, 3600, 3600]
    assert half == [2.5, 5, 10]
    random.seed(1)
    assert len({pause_after(1, 5, 3600) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        (datetime(2026, 11, 26, 1, 59, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 26, 2, 0, tzinfo=UTC), date(2026, 11, 25)),
        (datetime(2026, 11, 26, 23, 59, tzinfo=UTC), date(2026, 11, 25)),
        (datetime(2026, 1, 1, 3, 0, tzinfo=UTC), date(2025, 12, 31)),
    ],
)
def test_a_day_is_reported_when_it_is_surely_over(now: datetime, newest: date) -> None:
    assert days_to_report(now, 2) == [newest - timedelta(days=2), newest - timedelta(days=1), newest]


def test_money() -> None:
    assert shown(129012, "EUR") == "1,290.12\u00a0EUR"
    assert shown(-5, "EUR") == "−0.05\u00a0EUR"
    assert (percent(1900), percent(550), percent(705)) == ("19\u00a0%", "5.5\u00a0%", "7.05\u00a0%")
    assert (included_tax(1190, 1900), included_tax(107, 700), included_tax(1, 700)) == (190, 7, 0)
    assert tax_by_rate([(1190, 1900), (107, 700), (1190, 1900)]) == {700: (107, 7), 1900: (2380, 380)}

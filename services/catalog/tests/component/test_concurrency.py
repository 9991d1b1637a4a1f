"""Real transactions that meet: nobody deadlocks, nothing is lost, and the last event tells the last state."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier, Event
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from bazaar_shared.testing import eventually
from catalog.availability.models import Availability
from catalog.events.models import OutboxMessage
from catalog.products.models import Category, Product
from catalog.products.querysets import ProductDraft, VersionConflict
from catalog.ratings.models import Review, Tally

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def together() -> Iterator[Callable[..., list[Any]]]:
    """Run several things at the same moment, each in a thread and on a connection of its own."""
    with ThreadPoolExecutor(8) as pool:

        def run(*jobs: Callable[[], Any]) -> list[Any]:
            barrier = Barrier(len(jobs))

            def one(job: Callable[[], Any]) -> Any:
                try:
                    barrier.wait(timeout=10)
                    return job()
                except Exception as error:
                    return error
                finally:
                    connection.close()

            return [future.result(timeout=30) for future in [pool.submit(one, job) for job in jobs]]

        yield run


def test_bulk_changes_of_the_same_products_in_any_order(market: SimpleNamespace, together: Any) -> None:
    up = lambda: len(Product.objects.order_by("name").reprice_by(Decimal(10), by="tess"))  # noqa: E731
    down = lambda: len(Product.objects.order_by("-price_minor").reprice_by(Decimal(20), by="mara"))  # noqa: E731
    assert together(up, down, up, down, up, down) == [4] * 6
    for product in Product.objects.all():
        assert product.version == 7
        told = OutboxMessage.objects.filter(key=str(product.pk)).order_by("id")
        assert [row.envelope["aggregateversion"] for row in told] == [2, 3, 4, 5, 6, 7]
        assert told.last().envelope["data"]["price_minor"] == product.price_minor
        assert product.prices.first().price_minor == product.price_minor


def test_of_two_who_saw_the_same_version_one_wins(market: SimpleNamespace, together: Any) -> None:
    rows = Product.objects.filter(pk=market.assam.pk)
    results = together(
        *(
            lambda price=price: rows.all().revise(by="x", expected_version=1, price_minor=price)
            for price in (1, 2, 3)
        )
    )
    assert [type(result) for result in results if isinstance(result, Exception)] == [VersionConflict] * 2
    assert rows.get().version == 2
    assert OutboxMessage.objects.count() == 1


def test_the_last_event_tells_the_last_tax_rate(market: SimpleNamespace, together: Any) -> None:
    tea = Category.objects.get(slug="tea")

    def introduce(number: int) -> Any:
        stale = Category(pk=tea.pk, slug="tea", name="Tea", tax_rate_bp=700)
        draft = ProductDraft(
            seller=market.teas,
            category=stale,
            sku=f"N-{number}",
            slug=f"n-{number}",
            name="New",
            price_minor=100,
        )
        return Product.objects.introduce([draft], by="tess")

    results = together(
        lambda: introduce(1),
        lambda: Product.objects.tax(tea, 500, by="olga"),
        lambda: introduce(2),
        lambda: Product.objects.filter(pk=market.assam.pk).revise(by="tess", name="Assam Gold"),
        lambda: introduce(3),
    )
    assert not [result for result in results if isinstance(result, Exception)]
    for product in Product.objects.filter(category=tea):
        last = OutboxMessage.objects.filter(key=str(product.pk)).order_by("id").last()
        assert (last.envelope["aggregateversion"], last.envelope["data"]["tax_rate_bp"]) == (
            product.version,
            500,
        )


def test_first_events_of_a_product_in_any_order(market: SimpleNamespace, together: Any) -> None:
    def record(version: int) -> Any:
        return Availability.objects.record(
            consumer="catalog", event_id=f"event-{version}", product_id=market.assam.pk, version=version,
            on_hand=version, available=version,
        )  # fmt: skip

    together(*(lambda version=version: record(version) for version in (3, 1, 5, 2, 4)))
    assert list(Availability.objects.values_list("version", "available")) == [(5, 5)]


def test_reviews_of_the_same_products_at_once(market: SimpleNamespace, together: Any) -> None:
    """Their first tallies, later and older versions, and each event from two sides."""
    products = [market.assam.pk, market.map.pk]
    reviews = [(uuid4(), products[number % 2]) for number in range(8)]

    def record(start: int) -> None:
        for review, product in reviews[start:] + reviews[:start]:
            for version in (1 + start % 3, 3, 1, 2):
                told = Review(id=review, product_id=product, version=version, rating=1 + version)
                Review.objects.record(told, consumer="catalog", event_id=f"{review} {version} {start % 4}")

    assert together(*(lambda start=start: record(start) for start in range(8))) == [None] * 8
    assert Review.objects.filter(version=3, rating=4).count() == 8
    assert list(Tally.objects.values_list("count", "sum")) == [(4, 16), (4, 16)]


def test_two_versions_of_a_review_wait_for_each_other(market: SimpleNamespace, together: Any) -> None:
    """Each takes out what the other put in, also when both found the review as it was."""
    review, locked = uuid4(), Event()

    def record(version: int) -> bool:
        told = Review(id=review, product_id=market.assam.pk, version=version, rating=version)
        return Review.objects.record(told, consumer="catalog", event_id=f"event-{version}")

    def hold() -> None:
        with transaction.atomic():
            Review.objects.select_for_update().get(pk=review)
            locked.set()
            eventually(lambda: waiting() == 2)

    def later(version: int) -> bool:
        return locked.wait(timeout=10) and record(version)

    record(1)
    results = together(hold, lambda: later(2), lambda: later(3))
    assert (results[0], results[2]) == (None, True)
    assert Tally.objects.values_list("count", "sum").get() == (1, 3)


def waiting() -> int:
    """How many of this database's transactions wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # kept through a transaction otherwise
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def test_reviews_that_change_places_do_not_deadlock(market: SimpleNamespace, together: Any) -> None:
    here, there = market.assam.pk, market.map.pk

    def swap(review: UUID, start: int) -> None:
        for version in range(1, 41):
            told = Review(
                id=review, product_id=(here, there)[(version + start) % 2], version=version, rating=5
            )
            Review.objects.record(told, consumer="catalog", event_id=f"{review} {version}")

    assert together(*(lambda start=start: swap(uuid4(), start) for start in range(6))) == [None] * 6
    assert list(Tally.objects.values_list("count", "sum")) == [(3, 15), (3, 15)]


def test_the_wake_up_comes_with_the_commit(market: SimpleNamespace) -> None:
    """Once for a transaction, however many verbs it holds."""
    with connection.cursor() as cursor:
        cursor.execute("LISTEN outbox")
    with transaction.atomic():
        Product.objects.filter(pk=market.assam.pk).revise(by="tess", price_minor=1)
        Product.objects.filter(pk=market.map.pk).revise(by="tess", price_minor=1)
        assert list(connection.connection.notifies(timeout=0, stop_after=1)) == []
    assert len(list(connection.connection.notifies(timeout=1))) == 1


def test_migrations_of_several_replicas_take_turns(market: SimpleNamespace, together: Any) -> None:
    results = together(*[lambda: call_command("migrate", verbosity=0)] * 3)
    assert results == [None] * 3

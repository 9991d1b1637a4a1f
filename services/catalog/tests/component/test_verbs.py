"""The verbs are the only place where a product changes; each change leaves version, history and event."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.events.models import OutboxMessage
from catalog.products.models import Category, PriceChange, Product
from catalog.products.querysets import DirectWriteRefused, ProductDraft, VersionConflict

pytestmark = pytest.mark.django_db

ASSAM_EVENT = {
    "product_id": "33333333-0000-5000-8000-000000000001",
    "sku": "T-1",
    "name": "Assam",
    "seller_id": "22222222-0000-5000-8000-000000000001",
    "seller_slug": "teas",
    "category": "tea",
    "price_minor": 1000,
    "currency": "EUR",
    "tax_rate_bp": 700,
    "status": "active",
}


def test_a_new_price_leaves_its_version_its_history_and_its_event(
    market: SimpleNamespace, events: Any
) -> None:
    (changed,) = Product.objects.filter(pk=market.assam.pk).revise(by="tess", price_minor=1000)

    stored = Product.objects.get(pk=market.assam.pk)
    assert (stored.price_minor, stored.version) == (1000, 2)
    assert stored.updated_at > market.assam.updated_at
    history = PriceChange.objects.filter(product=stored).values_list("version", "price_minor", "changed_by")
    assert list(history) == [(2, 1000, "tess"), (1, 1240, "seed")]
    (event,) = events()
    assert event["type"] == "bazaar.catalog.product.v1"
    assert event["source"] == "/bazaar/catalog"
    assert (event["subject"], event["aggregateversion"]) == (str(stored.pk), 2)
    assert event["data"] == ASSAM_EVENT | {"picture_url": stored.picture_url}
    assert OutboxMessage.objects.get().key == str(stored.pk)
    assert OutboxMessage.objects.get().topic == "catalog.product"
    assert changed.version == 2


def test_a_text_has_no_price_history(market: SimpleNamespace, events: Any) -> None:
    Product.objects.filter(pk=market.assam.pk).revise(by="tess", description="Malt.")
    assert PriceChange.objects.filter(product=market.assam).count() == 1
    assert len(events()) == 1


def test_what_is_the_same_already_is_no_change(market: SimpleNamespace, events: Any) -> None:
    changed = Product.objects.filter(pk=market.assam.pk).revise(by="tess", price_minor=1240, name="Assam")
    assert changed == []
    assert events() == []
    assert Product.objects.get(pk=market.assam.pk).version == 1


def test_of_a_bulk_change_only_what_really_changes_is_told(market: SimpleNamespace, events: Any) -> None:
    Product.objects.filter(pk=market.assam.pk).archive(by="tess")
    Product.objects.filter(seller=market.teas).archive(by="tess")
    assert [(event["data"]["sku"], event["aggregateversion"]) for event in events()] == [
        ("T-1", 2),
        ("T-2", 2),
        ("T-3", 2),
    ]
    assert {event["data"]["status"] for event in events()} == {"archived"}


def test_a_percentage_changes_each_price_from_its_own(market: SimpleNamespace, events: Any) -> None:
    Product.objects.filter(seller=market.teas).reprice_by(Decimal(10), by="tess")
    told = {event["data"]["sku"]: event["data"]["price_minor"] for event in events()}
    assert told == {"T-1": 1364, "T-2": 2035, "T-3": 1466}
    assert PriceChange.objects.filter(version=2).count() == 3


def test_a_failed_transaction_leaves_nothing(market: SimpleNamespace, events: Any) -> None:
    def fail() -> None:
        with transaction.atomic():
            Product.objects.all().reprice_by(Decimal(10), by="tess")
            raise RuntimeError("the caller fails after the verb")

    with pytest.raises(RuntimeError):
        fail()
    assert events() == []
    assert set(Product.objects.values_list("version", flat=True)) == {1}
    assert PriceChange.objects.count() == 4


def test_one_price_out_of_bounds_undoes_the_whole_bulk_change(market: SimpleNamespace, events: Any) -> None:
    Product.objects.filter(pk=market.map.pk).revise(by="mara", price_minor=90_000_000)
    OutboxMessage.objects.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.all().reprice_by(Decimal(100), by="olga")
    assert events() == []
    assert Product.objects.get(pk=market.assam.pk).price_minor == 1240


def test_another_version_is_a_conflict_and_changes_nothing(market: SimpleNamespace, events: Any) -> None:
    rows = Product.objects.filter(pk=market.assam.pk)
    rows.revise(by="tess", expected_version=1, price_minor=1000)
    with pytest.raises(VersionConflict) as conflict:
        rows.revise(by="mara", expected_version=1, price_minor=900)
    assert (conflict.value.expected, conflict.value.actual) == (1, 2)
    assert rows.get().price_minor == 1000
    assert len(events()) == 1


def test_a_tax_rate_is_told_of_every_product_in_its_category(market: SimpleNamespace, events: Any) -> None:
    tea = Category.objects.get(slug="tea")
    Product.objects.tax(tea, 500, by="olga")
    assert {event["data"]["sku"]: event["data"]["tax_rate_bp"] for event in events()} == {
        "T-1": 500,
        "T-2": 500,
        "T-3": 500,
    }
    Product.objects.tax(tea, 500, by="olga")
    assert len(events()) == 3


def test_a_new_category_is_told_with_its_tax_rate(market: SimpleNamespace, events: Any) -> None:
    Product.objects.filter(pk=market.assam.pk).recategorise(Category.objects.get(slug="maps"), by="tess")
    (event,) = events()
    assert (event["data"]["category"], event["data"]["tax_rate_bp"]) == ("maps", 1900)


def test_statements_do_not_grow_with_the_number_of_products(
    market: SimpleNamespace, django_assert_num_queries: Any
) -> None:
    tea = Category.objects.get(slug="tea")
    with django_assert_num_queries(
        8
    ):  # savepoint, lock, update, history, categories, outbox, notify, release
        Product.objects.filter(pk=market.assam.pk).reprice_by(Decimal(1), by="tess")
    with django_assert_num_queries(8):
        Product.objects.all().reprice_by(Decimal(2), by="olga")
    drafts = [
        ProductDraft(seller=market.teas, category=tea, sku=f"N-{n}", slug=f"n-{n}", name="New", price_minor=n)
        for n in range(1, 51)
    ]
    with django_assert_num_queries(7):
        Product.objects.introduce(drafts, by="tess")


def test_rows_are_locked_in_the_order_of_their_keys_whatever_the_caller_asked_for(
    market: SimpleNamespace,
) -> None:
    with CaptureQueriesContext(connection) as queries:
        Product.objects.order_by("-name").select_related("availability").reprice_by(Decimal(1), by="tess")
    (locking,) = [query["sql"] for query in queries if "FOR UPDATE" in query["sql"]]
    assert locking.endswith('ORDER BY "products_product"."id" ASC FOR UPDATE OF "products_product"')


@pytest.mark.parametrize(
    "write",
    [
        lambda rows, product: rows.update(price_minor=1),
        lambda rows, product: rows.filter(pk=product.pk).update(status="archived"),
        lambda rows, product: rows.bulk_update([product], ["price_minor"]),
        lambda rows, product: rows.bulk_create([product]),
        lambda rows, product: rows.create(name="x"),
        lambda rows, product: rows.get_or_create(name="x"),
        lambda rows, product: rows.update_or_create(name="x"),
        lambda rows, product: rows.delete(),
        lambda rows, product: product.save(),
        lambda rows, product: product.delete(),
        lambda rows, product: product.seller.products.update(price_minor=1),
        lambda rows, product: product.seller.products.create(name="x"),
        lambda rows, product: product.category.products.all().delete(),
    ],
)
def test_no_way_leads_around_the_verbs(write: Any, market: SimpleNamespace, events: Any) -> None:
    before = list(Product.objects.order_by("pk").values())
    with pytest.raises(DirectWriteRefused):
        write(Product.objects.all(), market.assam)
    assert list(Product.objects.order_by("pk").values()) == before
    assert events() == []


def test_an_event_needs_the_transaction_of_its_change() -> None:
    connection.in_atomic_block = False
    try:
        with pytest.raises(transaction.TransactionManagementError):
            OutboxMessage.objects.publish("catalog.product", [])
    finally:
        connection.in_atomic_block = True

"""What inventory tells becomes what readers see: once, in the order of versions, bad news put aside."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from rest_framework.test import APIClient

from bazaar_shared.consumer import PermanentError
from bazaar_shared.envelope import Event
from catalog.availability.consumer import STOCK_TYPE, handle, record_stock
from catalog.availability.models import Availability
from catalog.events.models import InboxEntry


@pytest.fixture(autouse=True)
def _in_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    # the test's transaction lives on the connection that the consumer would look after
    monkeypatch.setattr("catalog.availability.consumer.close_old_connections", lambda: None)


def told(product: object, version: int, available: int, on_hand: int = 9, **changes: Any) -> Event:
    data = {"product_id": str(product), "on_hand": on_hand, "reserved": 0, "available": available} | changes
    return Event.new(
        source="/bazaar/fulfillment/inventory",
        type=STOCK_TYPE,
        subject=str(product),
        version=version,
        data=data,
    )


def known() -> list[tuple[int, int, int]]:
    return list(Availability.objects.values_list("on_hand", "available", "version"))


def test_stock_is_shown(api: APIClient, market: SimpleNamespace) -> None:
    assert record_stock(told(market.assam.pk, 3, 5))
    assert api.get(f"/api/catalog/products/{market.assam.pk}").json()["available"] == 5
    assert known() == [(9, 5, 3)]


def test_what_is_older_is_ignored(market: SimpleNamespace) -> None:
    record_stock(told(market.assam.pk, 3, 5))
    assert not record_stock(told(market.assam.pk, 2, 8))
    assert not record_stock(told(market.assam.pk, 3, 8))
    assert known() == [(9, 5, 3)]
    assert record_stock(told(market.assam.pk, 4, 0))
    assert known() == [(9, 0, 4)]


def test_the_same_event_again_has_no_effect(market: SimpleNamespace) -> None:
    event = told(market.assam.pk, 3, 5)
    assert record_stock(event)
    Availability.objects.update(available=77, version=1)
    assert not record_stock(event)
    assert known() == [(9, 77, 1)]
    assert InboxEntry.objects.filter(consumer="catalog", event_id=event.id).count() == 1


def test_the_inbox_and_the_effect_are_one(market: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr("catalog.availability.models.AvailabilityQuerySet.bulk_create", fail)
    with pytest.raises(RuntimeError):
        record_stock(told(market.assam.pk, 3, 5))
    assert known() == []
    assert InboxEntry.objects.count() == 0


def test_a_product_that_is_not_here_yet_is_remembered(market: SimpleNamespace) -> None:
    assert record_stock(told(uuid4(), 1, 5))
    assert known() == [(9, 5, 1)]
    Availability.objects.all().delete()


@pytest.mark.parametrize(
    "event",
    [
        told("no uuid", 1, 5),
        told(uuid4(), 1, "5"),  # type: ignore[arg-type]
        told(uuid4(), 1, 5, on_hand=True),
        told(uuid4(), 1, 5, product_id=None),
        Event.new(source="/x", type="something.else.v1", subject="x", version=1, data={}),
    ],
)
def test_what_can_never_be_handled_says_so(event: Event, db: None) -> None:
    with pytest.raises(PermanentError):
        record_stock(event)
    assert InboxEntry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_consumers_loop_is_asyncio_and_the_orm_is_not() -> None:
    async def consume() -> None:
        await handle(told(uuid4(), 1, 5))
        await sync_to_async(connections.close_all)()  # those of the ORM's thread

    asyncio.run(consume())
    assert known() == [(9, 5, 1)]

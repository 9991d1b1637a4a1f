"""Clicks as the market's events: bazaar_shared.envelope's document, encoded by msgspec straight from structs.

A test holds the bytes to what the shared `Event` would write.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from clickstream.clicks import Batch, Click

SOURCE = "/bazaar/clickstream"
TYPE = "bazaar.clickstream.click.v1"


class ClickData(msgspec.Struct):
    click_id: UUID
    session_id: UUID
    kind: str
    product_id: UUID | None
    query: str | None
    quantity: int | None
    order_id: UUID | None
    page: str | None
    at: datetime


class Envelope(msgspec.Struct, kw_only=True):
    """The id is the click's own, as is the subject: a batch that is repeated brings the same events."""

    specversion: str = "1.0"
    id: UUID
    source: str = SOURCE
    type: str = TYPE
    subject: UUID
    time: datetime
    datacontenttype: str = "application/json"
    aggregateversion: int = 1
    data: ClickData
    traceparent: str | msgspec.UnsetType = msgspec.UNSET


_encode = msgspec.json.Encoder(uuid_format="canonical").encode


def encoded(batch: Batch, session_id: UUID, now: datetime, traceparent: str | None) -> Iterator[bytes]:
    trace = traceparent or msgspec.UNSET
    for click in batch.events:
        data = _data(click, session_id)
        yield _encode(Envelope(id=click.id, subject=click.id, time=now, data=data, traceparent=trace))


def _data(click: Click, session_id: UUID) -> ClickData:
    return ClickData(
        click.id,
        session_id,
        click.kind,
        click.product_id,
        click.query,
        click.quantity,
        click.order_id,
        click.page,
        click.at,
    )

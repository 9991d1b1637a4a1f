"""The life of a parcel: booked, then in transit and delivered by the clock, or withdrawn before it left."""

import time
from base64 import b32encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from bazaar_shared.envelope import Event
from fulfillment.errors import ParcelLeft
from fulfillment.outbox import publish
from fulfillment.shipping.addresses import Address
from fulfillment.shipping.models import Parcel
from fulfillment.shipping.quotes import quote
from fulfillment.steps import Reply, withdraw
from fulfillment.storage import Sessions
from fulfillment.validation import SellerLine

TOPIC = "shipping.parcel"
SOURCE = "/bazaar/fulfillment/shipping"
MOVE_AT_ONCE = 50


def book(
    session: Session, order_id: UUID, address: Address, lines: Sequence[SellerLine], *, departs_in: timedelta
) -> Reply:
    parcels = []
    for offer in quote(address, lines):
        # the same order and seller always give the same parcel
        parcel_id = uuid5(NAMESPACE_URL, f"bazaar:parcel:{order_id}:{offer.seller_id}")
        parcels.append(
            Parcel(
                parcel_id=parcel_id,
                order_id=order_id,
                seller_id=offer.seller_id,
                carrier=offer.carrier,
                tracking_code=tracking_code(parcel_id),
                status="booked",
                address=address.as_dict(),
                moves_at=datetime.now(UTC) + departs_in,
                version=1,
            )
        )
    session.add_all(parcels)
    _announce(session, parcels)
    return {"parcels": [describe(parcel) for parcel in parcels]}


def tracking_code(parcel_id: UUID) -> str:
    """The whole id in letters and digits that can be read aloud: as unique as the id is. A booking that two
    parcels' codes could refuse would be refused for ever, and the money is taken by then.
    """
    return f"BZ{b32encode(parcel_id.bytes).decode().rstrip('=')}"


def withdraw_all(session: Session, order_id: UUID) -> Reply:
    """All of an order's parcels or none; a booking that comes later is refused."""
    parcels = session.scalars(
        select(Parcel).where(Parcel.order_id == order_id).order_by(Parcel.parcel_id).with_for_update()
    ).all()
    left = [parcel for parcel in parcels if parcel.status in {"in_transit", "delivered"}]
    if left:
        raise ParcelLeft({"parcel_ids": [str(parcel.parcel_id) for parcel in left]})
    withdraw(session, order_id, ("book_parcels",))
    for parcel in parcels:
        _change(parcel, "withdrawn", moves_at=None)
    _announce(session, parcels)
    return {"state": "withdrawn"}


def move_on(database: Sessions, *, transit: timedelta, within: float) -> int:
    """Every parcel that is due takes its next step: a batch in each transaction, and no other is begun when
    the time (in seconds) is up. Returns how many moved.
    """
    until, moved = time.monotonic() + within, 0
    while True:
        with database.begin() as session:
            batch = move_batch(session, transit=transit)
        moved += batch
        if batch < MOVE_AT_ONCE or time.monotonic() >= until:
            return moved


def move_batch(session: Session, *, transit: timedelta) -> int:
    """Rows another worker holds are skipped: both may run at once."""
    now = datetime.now(UTC)
    due = session.scalars(
        select(Parcel)
        .where(Parcel.moves_at <= now)
        .order_by(Parcel.moves_at)
        .limit(MOVE_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for parcel in due:
        if parcel.status == "booked":
            _change(parcel, "in_transit", moves_at=now + transit)
        else:
            _change(parcel, "delivered", moves_at=None)
    _announce(session, due)
    return len(due)


def describe(parcel: Parcel) -> dict[str, str]:
    return {
        "parcel_id": str(parcel.parcel_id),
        "seller_id": str(parcel.seller_id),
        "tracking_code": parcel.tracking_code,
        "status": parcel.status,
    }


def parcel_event(parcel: Parcel) -> Event:
    """Ids only: who gets the parcel where is nobody else's business."""
    return Event.new(
        source=SOURCE,
        type=f"bazaar.shipping.parcel.{parcel.status}.v1",
        subject=str(parcel.parcel_id),
        version=parcel.version,
        data={**describe(parcel), "order_id": str(parcel.order_id)},
    )


def _change(parcel: Parcel, status: str, *, moves_at: datetime | None) -> None:
    parcel.status = status
    parcel.moves_at = moves_at
    parcel.version += 1
    if moves_at is None:
        parcel.address = None


def _announce(session: Session, parcels: Sequence[Parcel]) -> None:
    publish(session, TOPIC, [parcel_event(parcel) for parcel in parcels])

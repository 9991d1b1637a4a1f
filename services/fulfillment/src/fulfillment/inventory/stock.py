"""The rules of stock: every line or none, never below zero, and no balance without its movement in the
ledger.

Each function works in its caller's transaction, refuses before it writes, and never commits.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bazaar_shared.envelope import Event
from fulfillment.errors import InvalidRequest, OutOfStock, UnknownProduct
from fulfillment.inventory.models import Movement, Reservation, ReservationLine, Stock
from fulfillment.outbox import publish
from fulfillment.steps import Reply, withdraw
from fulfillment.validation import Line, invalid

TOPIC = "inventory.stock"
SOURCE = "/bazaar/fulfillment/inventory"


def reserve(session: Session, order_id: UUID, lines: Sequence[Line]) -> Reply:
    stock = lock_stock(session, [line.product_id for line in lines])
    unknown = [line.product_id for line in lines if line.product_id not in stock]
    if unknown:
        raise UnknownProduct({"product_ids": [str(product_id) for product_id in unknown]})
    short = [line for line in lines if stock[line.product_id].available < line.quantity]
    if short:
        raise OutOfStock({"lines": [_shortage(line, stock[line.product_id]) for line in short]})

    session.add(
        Reservation(
            order_id=order_id,
            state="reserved",
            lines=[ReservationLine(product_id=line.product_id, quantity=line.quantity) for line in lines],
        )
    )
    for line in lines:
        move(session, stock[line.product_id], "reserved", reserved=line.quantity, order_id=order_id)
    announce(session, stock.values())
    return {"order_id": str(order_id), "state": "reserved"}


def release(session: Session, order_id: UUID) -> Reply:
    """Give back what was reserved; what was not reserved yet never will be."""
    withdraw(session, order_id, ("reserve_stock", "commit_stock", "restock"))
    reservation = session.get(Reservation, order_id)
    if reservation and reservation.state == "committed":
        invalid("order_id", "the stock is sold: it can be restocked, not released")
    if reservation and reservation.state == "reserved":
        _end(session, reservation, "released", on_hand=0, reserved=-1)
    return {"state": "released"}


def commit(session: Session, order_id: UUID) -> Reply:
    """The reserved pieces leave the shelf."""
    reservation = session.get(Reservation, order_id)
    if reservation is None or reservation.state != "reserved":
        invalid("order_id", "nothing is reserved for this order")
    _end(session, reservation, "committed", on_hand=-1, reserved=-1)
    return {"state": "committed"}


def restock(session: Session, order_id: UUID) -> Reply:
    """A refunded order's pieces come back: from the buyer if they were sold, else from their reservation."""
    withdraw(session, order_id, ("reserve_stock", "commit_stock"))
    reservation = session.get(Reservation, order_id)
    if reservation and reservation.state == "committed":
        _end(session, reservation, "restocked", on_hand=+1, reserved=0)
    elif reservation and reservation.state == "reserved":
        _end(session, reservation, "released", on_hand=0, reserved=-1)
    return {"state": "restocked"}


def adjust(session: Session, adjustment_id: str, product_id: UUID, delta: int, reason: str) -> Reply:
    """A delivery, a count, a breakage. The same adjustment again changes nothing."""
    stock = lock_stock(session, [product_id]).get(product_id)
    if stock is None:
        raise UnknownProduct({"product_ids": [str(product_id)]})
    known = session.scalars(select(Movement).where(Movement.adjustment_id == adjustment_id)).one_or_none()
    if known and (known.product_id, known.on_hand_delta) != (product_id, delta):
        raise InvalidRequest({"field": "adjustment_id", "reason": "was used for a different adjustment"})
    if known is None:
        if stock.available + delta < 0:
            shortage = {"product_id": str(product_id), "requested": -delta, "available": stock.available}
            raise OutOfStock({"lines": [shortage]})
        move(session, stock, "adjusted", on_hand=delta, adjustment_id=adjustment_id, reason=reason)
        announce(session, [stock])
    return {"adjustment_id": adjustment_id, "product_id": str(product_id), "delta": delta}


def add_product(session: Session, product_id: UUID) -> None:
    """A stock record of zero pieces, unless there is one: the product's event may be older or younger than
    its stock.
    """
    added = session.execute(
        insert(Stock).values(product_id=product_id).on_conflict_do_nothing().returning(Stock.product_id)
    ).one_or_none()
    if added:
        announce(session, [session.get_one(Stock, product_id)])


def lock_stock(session: Session, product_ids: Iterable[UUID]) -> dict[UUID, Stock]:
    rows = session.scalars(
        select(Stock)
        .where(Stock.product_id.in_(list(product_ids)))
        .order_by(Stock.product_id)  # two orders of the same products in another order can't deadlock
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {stock.product_id: stock for stock in rows}


def move(
    session: Session,
    stock: Stock,
    kind: str,
    *,
    on_hand: int = 0,
    reserved: int = 0,
    order_id: UUID | None = None,
    adjustment_id: str | None = None,
    reason: str | None = None,
) -> None:
    """The only way a balance changes: the movement and the balance in one breath, under the row's lock."""
    stock.on_hand += on_hand
    stock.reserved += reserved
    stock.version += 1
    session.add(
        Movement(
            product_id=stock.product_id,
            kind=kind,
            on_hand_delta=on_hand,
            reserved_delta=reserved,
            order_id=order_id,
            adjustment_id=adjustment_id,
            reason=reason,
        )
    )


def announce(session: Session, stocks: Iterable[Stock]) -> None:
    publish(session, TOPIC, [stock_event(stock) for stock in stocks])


def stock_event(stock: Stock) -> Event:
    return Event.new(
        source=SOURCE,
        type="bazaar.inventory.stock.v1",
        subject=str(stock.product_id),
        version=stock.version,
        data={"product_id": str(stock.product_id), **balance(stock)},
    )


def balance(stock: Stock) -> dict[str, int]:
    return {"on_hand": stock.on_hand, "reserved": stock.reserved, "available": stock.available}


MOVEMENT_OF_STATE = {"released": "released", "committed": "sold", "restocked": "restocked"}


def _end(session: Session, reservation: Reservation, state: str, *, on_hand: int, reserved: int) -> None:
    """Move every line by its quantity times the two signs, and leave the reservation in its next state."""
    stock = lock_stock(session, [line.product_id for line in reservation.lines])
    for line in reservation.lines:
        move(
            session,
            stock[line.product_id],
            MOVEMENT_OF_STATE[state],
            on_hand=on_hand * line.quantity,
            reserved=reserved * line.quantity,
            order_id=reservation.order_id,
        )
    reservation.state = state
    announce(session, stock.values())


def _shortage(line: Line, stock: Stock) -> dict[str, object]:
    return {"product_id": str(line.product_id), "requested": line.quantity, "available": stock.available}

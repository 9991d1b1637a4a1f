"""/api/orders."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from bazaar_shared import pagination
from bazaar_shared.problems import CONTENT_TYPE
from orders.api.dependencies import (
    AuthenticatedRoute,
    Caller,
    CheckoutService,
    Key,
    Session,
    Sessions,
    Shopper,
    Token,
)
from orders.api.errors import OrderNotFound
from orders.api.models import Journal, JournalItem, OrderOut, OrderPage
from orders.api.openapi import PROBLEM
from orders.api.queries import find_order, journal_of, page_of_orders
from orders.checkout.place import Placed
from orders.checkout.request import PlaceOrder
from orders.domain.order import Status
from orders.saga.cancel import ask_to_cancel
from orders.storage.tables import Order

PREFIX = "/api/orders"


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    content = {CONTENT_TYPE: {"schema": {"$ref": PROBLEM}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


router = APIRouter(
    prefix=PREFIX, tags=["orders"], responses=_problems(401, 503), route_class=AuthenticatedRoute
)


@router.post(
    "",
    status_code=202,
    response_model=OrderOut,
    responses=_problems(400, 403, 409, 413, 415, 422),
    summary="Place an order",
)
async def place_order(
    body: PlaceOrder, shopper: Shopper, token: Token, key: Key, checkout: CheckoutService, sessions: Sessions
) -> Response:
    """Of lines, or of a basket as it was shown. Stored when this answers; what becomes of it is the saga's,
    seen by GET.
    """
    placed = await checkout.place(shopper.subject, key, body, token)
    if isinstance(placed, Placed):
        return _accepted(OrderOut.placed(placed, body))
    async with sessions() as session:
        return _accepted(OrderOut.as_placed(await find_order(session, placed.order_id)))


def _accepted(order: OrderOut) -> Response:
    # written once, by pydantic's own serializer: no second pass through FastAPI's response model
    headers = {"Location": f"{PREFIX}/{order.id}"}
    return Response(order.model_dump_json(), 202, headers, "application/json")


@router.get("", summary="One's own orders, newest first", responses=_problems(400, 422))
async def list_orders(
    caller: Caller,
    session: Session,
    status: Status | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=pagination.MAX_LIMIT)] = pagination.DEFAULT_LIMIT,
) -> OrderPage:
    orders, next_cursor = await page_of_orders(session, caller.subject, status, cursor, limit)
    return OrderPage(items=[OrderOut.of(order) for order in orders], next_cursor=next_cursor)


@router.get("/{order_id}", summary="One order", responses=_problems(404, 422))
async def get_order(order_id: UUID, caller: Caller, session: Session) -> OrderOut:
    """For its shopper, for operators, and for services, which write to the shopper; 404 for others."""
    return OrderOut.of(await _readable(session, order_id, caller))


@router.get("/{order_id}/journal", summary="Each step as it happened", responses=_problems(404, 422))
async def get_journal(order_id: UUID, caller: Caller, session: Session) -> Journal:
    await _visible(session, order_id, caller)
    entries = await journal_of(session, order_id)
    return Journal(items=[JournalItem.model_validate(entry) for entry in entries])


@router.post(
    "/{order_id}/cancel", status_code=202, summary="Cancel, or refund", responses=_problems(404, 409, 422)
)
async def cancel_order(order_id: UUID, caller: Caller, session: Session) -> OrderOut:
    """Before the payment is captured: cancelled. Afterwards: refunded, until a parcel left. 409 when neither
    can be.
    """
    await _visible(session, order_id, caller)
    await ask_to_cancel(session, order_id)
    return OrderOut.of(await find_order(session, order_id))


async def _readable(session: AsyncSession, order_id: UUID, caller: Caller) -> Order:
    if caller.has("service"):
        return await find_order(session, order_id)
    return await _visible(session, order_id, caller)


async def _visible(session: AsyncSession, order_id: UUID, caller: Caller) -> Order:
    order = await find_order(session, order_id)
    if order.shopper_id != caller.subject and not caller.is_operator:
        raise OrderNotFound
    return order

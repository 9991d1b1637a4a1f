"""Whose order it is. Its events say so; before the first of them arrives, orders is asked as the shopper."""

from uuid import UUID

from chat.caller import Caller
from chat.clients.orders import Orders
from chat.errors import OrderNotFound
from chat.storage.database import Sessions
from chat.tracking.orders import owner_of


async def check_own_order(sessions: Sessions, orders: Orders, order: UUID, caller: Caller) -> None:
    if not await _is_known_as_own(sessions, order, caller):
        await orders.sellers_of(order, caller.token)


async def sellers_of_own_order(
    sessions: Sessions, orders: Orders, order: UUID, caller: Caller
) -> frozenset[UUID]:
    await _is_known_as_own(sessions, order, caller)
    return await orders.sellers_of(order, caller.token)


async def _is_known_as_own(sessions: Sessions, order: UUID, caller: Caller) -> bool:
    """False: not known at all, and orders may tell."""
    async with sessions() as session:
        owner = await owner_of(session, order)
    if owner is None and not caller.principal.is_operator:
        return False
    # orders shows operators all orders: its answer would make everybody's theirs
    if owner != caller.account_id:
        raise OrderNotFound
    return True

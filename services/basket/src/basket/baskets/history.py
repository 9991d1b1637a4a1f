"""What happened to a basket since a version that somebody saw."""

from uuid import UUID

from basket.baskets.owners import Caller, find, open_for_guest, open_for_member
from basket.baskets.quote import Quote, quoted
from basket.baskets.record import with_lines
from basket.database import snapshot
from basket.models import BasketChange, Status

# the newest; who was away for longer is helped more by the basket itself
_MOST_CHANGES = 200


async def view(basket_id: UUID, caller: Caller, since: int | None) -> tuple[Quote, list[BasketChange] | None]:
    async with snapshot():
        basket = await find(basket_id, caller)
        await with_lines([basket])
        changes = None if since is None else await _changes(basket_id, since)
        return await quoted(basket), changes


async def view_of_guest(currency: str) -> tuple[Quote, str]:
    """A new basket, and its token."""
    basket, token = await open_for_guest(currency)
    return await quoted(basket), token


async def view_of_member(shopper_id: UUID, currency: str) -> tuple[Quote, bool]:
    """The member's open basket, and whether it was made now. One that is bought before it is read is none."""
    while True:
        basket, made = await open_for_member(shopper_id, currency)
        quote, _ = await view(basket.id, Caller(shopper_id, None), None)
        if quote.status is Status.OPEN:
            return quote, made


async def _changes(basket_id: UUID, since: int) -> list[BasketChange]:
    newest = BasketChange.filter(basket_id=basket_id, version__gt=since).order_by("-id").limit(_MOST_CHANGES)
    return (await newest)[::-1]

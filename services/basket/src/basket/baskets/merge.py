"""A guest's basket goes into the member's at sign-in (ADR 0050): of each product the larger quantity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from basket.baskets.errors import BasketClosed, BasketNotFound, MergedElsewhere
from basket.baskets.locks import hold_prices, lock_baskets
from basket.baskets.owners import hash_of, open_for_member
from basket.baskets.quote import Quote, quoted
from basket.baskets.record import Change, record, touch, with_lines
from basket.database import transaction
from basket.models import MAX_LINES, Basket, BasketLine, ChangeKind, Status


@dataclass(frozen=True, slots=True)
class Merge:
    raised: Sequence[tuple[BasketLine, BasketLine]]  # the member's line, and the guest's that is larger
    added: Sequence[BasketLine]
    left_out: Sequence[BasketLine]


def combine(members: Iterable[BasketLine], guests: Iterable[BasketLine], most: int = MAX_LINES) -> Merge:
    """The larger quantity, not the sum: who fills a basket on two devices means one of them, and merging
    again changes nothing. A product that is there already needs no place; the guest's first lines get those
    that are left.
    """
    known = {line.product_id: line for line in members}
    both = [(known[line.product_id], line) for line in guests if line.product_id in known]
    new = [line for line in guests if line.product_id not in known]
    places = max(most - len(known), 0)
    return Merge(
        raised=[(mine, theirs) for mine, theirs in both if theirs.quantity > mine.quantity],
        added=new[:places],
        left_out=new[places:],
    )


async def merge(
    shopper_id: UUID, currency: str, guest_id: UUID, token: str
) -> tuple[Quote, list[dict[str, Any]]]:
    """The member's basket, and what found no place in it. Asked again, it answers the same."""
    await _guests(guest_id, token)
    while True:
        member, _ = await open_for_member(shopper_id, currency)
        async with transaction() as connection:
            held = {line.product_id for line in await BasketLine.filter(basket_id=guest_id)}
            await hold_prices(connection, held)
            locked = {basket.id: basket for basket in await lock_baskets([guest_id, member.id])}
            member, guest = locked[member.id], locked.get(guest_id)
            if guest is None:
                raise BasketNotFound
            await with_lines([guest, member])
            # the guest, or whoever closed the member's basket, was quicker than our locks
            if not member.is_open or not {line.product_id for line in guest.lines} <= held:
                continue
            if guest.is_open:
                await _merge(connection, guest, member)
            else:
                await _merged_already(guest, shopper_id)
            return await quoted(member), guest.left_out


async def _guests(guest_id: UUID, token: str) -> None:
    guest = await Basket.get_or_none(id=guest_id)
    hashed = hash_of(token)
    if guest is None or guest.token_hash is None or not compare_digest(hashed, guest.token_hash):
        raise BasketNotFound


async def _merged_already(guest: Basket, shopper_id: UUID) -> None:
    if guest.status is not Status.MERGED:
        raise BasketClosed(guest.status)
    if not await Basket.exists(id=guest.merged_into_id, shopper_id=shopper_id):
        raise MergedElsewhere


async def _merge(connection: BaseDBAsyncClient, guest: Basket, member: Basket) -> None:
    plan = combine(member.lines, guest.lines)
    changes = []
    for mine, theirs in plan.raised:
        changes.append(Change.of(ChangeKind.QUANTITY_CHANGED, theirs.product, mine.quantity, theirs.quantity))
        mine.quantity, mine.added_price_minor = theirs.quantity, theirs.added_price_minor
        await mine.save(update_fields=["quantity", "added_price_minor"])
    await BasketLine.bulk_create([_copy(line, member) for line in plan.added])
    changes += [Change.of(ChangeKind.ADDED, line.product, now=line.quantity) for line in plan.added]
    guest.status, guest.merged_into_id = Status.MERGED, member.id
    guest.left_out = [
        {"product_id": str(line.product_id), "name": line.product.name, "quantity": line.quantity}
        for line in plan.left_out
    ]
    changed: list[tuple[Basket, list[Change]]] = [(guest, [])]
    if changes:
        touch(member)
        changed.append((member, changes))
    await record(connection, changed)


def _copy(line: BasketLine, member: Basket) -> BasketLine:
    return BasketLine(
        basket_id=member.id,
        product_id=line.product_id,
        quantity=line.quantity,
        added_price_minor=line.added_price_minor,
    )

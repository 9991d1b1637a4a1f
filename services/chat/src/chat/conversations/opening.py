"""What a conversation is begun with: whose the product is, which stalls an order is from."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from chat.caller import Caller
from chat.clients.catalog import Catalog
from chat.clients.orders import Orders
from chat.conversations.listing import Opening
from chat.errors import InvalidField
from chat.shapes import Seller
from chat.storage.database import Sessions
from chat.storage.tables import SubjectKind
from chat.tracking.access import sellers_of_own_order


class NewSubject(Struct, frozen=True, forbid_unknown_fields=True):
    kind: SubjectKind
    id: UUID


class NewConversation(Struct, frozen=True, forbid_unknown_fields=True):
    subject: NewSubject
    seller_id: Annotated[UUID | None, Meta(description="Needed for an order from several stalls")] = None


async def opening_of(
    new: NewConversation, caller: Caller, *, sessions: Sessions, catalog: Catalog, orders: Orders
) -> Opening:
    if new.subject.kind is SubjectKind.PRODUCT:
        title, seller = await catalog.product(new.subject.id)
        if new.seller_id not in {None, seller.id}:
            raise InvalidField("seller_id", "not_its_seller", "the product is another stall's")
        return _opening(new.subject, title, seller)
    sellers = await sellers_of_own_order(sessions, orders, new.subject.id, caller)
    seller = await catalog.seller(_one_of(sellers, new.seller_id))
    return _opening(new.subject, None, seller)


def _one_of(sellers: frozenset[UUID], wanted: UUID | None) -> UUID:
    if wanted is None:
        if len(sellers) != 1:
            raise InvalidField("seller_id", "missing", "the order is from several stalls")
        return next(iter(sellers))
    if wanted not in sellers:
        raise InvalidField("seller_id", "not_its_seller", "the order has nothing from this stall")
    return wanted


def _opening(subject: NewSubject, title: str | None, seller: Seller) -> Opening:
    return Opening(subject.kind, subject.id, title, seller.id, seller.slug, seller.name)

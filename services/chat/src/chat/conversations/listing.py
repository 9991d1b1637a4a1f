"""Conversations as their two sides find them: access, pages, what is unread."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import Select, and_, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bazaar_shared import pagination
from bazaar_shared.pagination import InvalidCursor
from chat.errors import ConversationNotFound, OwnStall
from chat.storage.database import Sessions, is_any
from chat.storage.tables import Conversation, Message, Side, SubjectKind

_CURSOR = {"updated_at": str, "id": str}

type WithLast = tuple[Conversation, Message | None]


@dataclass(frozen=True, slots=True)
class Viewer:
    """An account and the stalls it works for."""

    account_id: UUID
    sellers: frozenset[UUID]

    def side_of(self, conversation: Conversation) -> Side:
        if conversation.shopper_id == self.account_id:
            return Side.SHOPPER
        if conversation.seller_id in self.sellers:
            return Side.SELLER
        raise ConversationNotFound


@dataclass(frozen=True, slots=True)
class Opening:
    """What a conversation is begun with."""

    kind: SubjectKind
    subject_id: UUID
    title: str | None
    seller_id: UUID
    seller_slug: str
    seller_name: str


async def open_conversation(sessions: Sessions, viewer: Viewer, opening: Opening) -> tuple[UUID, bool]:
    """The one of this shopper, stall and subject, and whether it is new."""
    if opening.seller_id in viewer.sellers:
        raise OwnStall
    row = insert(Conversation).values(
        id=uuid4(),
        subject_kind=opening.kind,
        subject_id=opening.subject_id,
        subject_title=opening.title,
        seller_id=opening.seller_id,
        seller_slug=opening.seller_slug,
        seller_name=opening.seller_name,
        shopper_id=viewer.account_id,
    )
    async with sessions.begin() as session:
        made = await session.scalar(row.on_conflict_do_nothing().returning(Conversation.id))
        if made is not None:
            return made, True
        # a twin that was quicker was waited for by the insert: a statement of its own sees it
        known = select(Conversation.id).where(
            Conversation.shopper_id == viewer.account_id,
            Conversation.seller_id == opening.seller_id,
            Conversation.subject_kind == opening.kind,
            Conversation.subject_id == opening.subject_id,
        )
        return (await session.execute(known)).scalar_one(), False


def _with_last() -> Select[Conversation, Message]:
    last = and_(Message.conversation_id == Conversation.id, Message.seq == Conversation.last_seq)
    return select(Conversation, Message).outerjoin(Message, last)


async def find(session: AsyncSession, conversation_id: UUID) -> WithLast:
    found = (await session.execute(_with_last().where(Conversation.id == conversation_id))).first()
    if found is None:
        raise ConversationNotFound
    return found[0], found[1]


async def page_of(
    session: AsyncSession,
    viewer: Viewer,
    side: Literal["shopper", "seller", "all"],
    cursor: str | None,
    limit: int,
) -> tuple[Sequence[WithLast], str | None]:
    """Newest activity first, by keyset: a page costs the same however far it is."""
    mine, stalls = (
        Conversation.shopper_id == viewer.account_id,
        is_any(Conversation.seller_id, viewer.sellers),
    )
    where = {"shopper": mine, "seller": stalls, "all": or_(mine, stalls)}[side]
    asked = _with_last().where(where)
    if cursor is not None:
        asked = asked.where(tuple_(Conversation.updated_at, Conversation.id) < tuple_(*_position(cursor)))
    asked = asked.order_by(Conversation.updated_at.desc(), Conversation.id.desc()).limit(limit + 1)
    found: list[WithLast] = [(row[0], row[1]) for row in await session.execute(asked)]
    if len(found) <= limit:
        return found, None
    last = found[limit - 1][0]
    return found[:limit], pagination.encode({"updated_at": last.updated_at.isoformat(), "id": str(last.id)})


def _position(cursor: str) -> tuple[datetime, UUID]:
    place = pagination.decode(cursor, _CURSOR)
    try:
        updated_at, conversation = datetime.fromisoformat(place["updated_at"]), UUID(place["id"])
        # as the driver does: a time at the very edge has none in UTC
        in_utc = updated_at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidCursor("the cursor cannot be read") from error
    if updated_at.tzinfo is None:
        raise InvalidCursor("the cursor's time has no offset")
    return in_utc, conversation


async def unread_total(session: AsyncSession, viewer: Viewer) -> int:
    as_shopper = select(func.coalesce(func.sum(Conversation.shopper_unread), 0)).where(
        Conversation.shopper_id == viewer.account_id, Conversation.shopper_unread > 0
    )
    as_seller = select(func.coalesce(func.sum(Conversation.seller_unread), 0)).where(
        is_any(Conversation.seller_id, viewer.sellers), Conversation.seller_unread > 0
    )
    both = select(as_shopper.scalar_subquery() + as_seller.scalar_subquery())
    return int(await session.scalar(both) or 0)


type UnreadOf = Mapping[tuple[Side, UUID], Mapping[UUID, int]]


async def unread_of(session: AsyncSession, shoppers: Collection[UUID], sellers: Collection[UUID]) -> UnreadOf:
    """For each of these shoppers and stalls the conversations with something unread: one question for all
    whose sockets are here.
    """
    of_shoppers = select(Conversation.shopper_id, Conversation.id, Conversation.shopper_unread).where(
        is_any(Conversation.shopper_id, shoppers), Conversation.shopper_unread > 0
    )
    of_sellers = select(Conversation.seller_id, Conversation.id, Conversation.seller_unread).where(
        is_any(Conversation.seller_id, sellers), Conversation.seller_unread > 0
    )
    found: dict[tuple[Side, UUID], dict[UUID, int]] = {}
    for side, asked in ((Side.SHOPPER, of_shoppers), (Side.SELLER, of_sellers)):
        for whose, conversation, unread in (await session.execute(asked)).all():
            found.setdefault((side, whose), {})[conversation] = unread
    return found

"""Messages: appended under the conversation's lock, read in the order of their seq."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chat.conversations.turns import Turns
from chat.errors import BodyDiffers, ConversationNotFound, TooManyMessages
from chat.storage.database import Sessions
from chat.storage.tables import Conversation, Message, Side

LIMIT = 20
WINDOW = timedelta(seconds=10)
# the first of the two numbers that PostgreSQL's advisory locks take: these are of accounts
_ACCOUNTS = 1


@dataclass(frozen=True, slots=True)
class Draft:
    conversation_id: UUID
    client_message_id: UUID
    side: Side
    author_id: UUID
    body: str


@dataclass(frozen=True, slots=True)
class Appended:
    message: Message
    conversation: Conversation
    # False: it was there already
    new: bool


async def append(sessions: Sessions, turns: Turns, draft: Draft) -> Appended:
    """Stores it once, whichever replicas it is sent to and how often. A repetition counts for no limit."""
    async with turns.of(draft.author_id), sessions.begin() as session:
        # one account's messages come one after the other, over all replicas: a limit that is counted by
        # two at once counts wrong
        lock = func.pg_advisory_xact_lock(_ACCOUNTS, func.hashtext(str(draft.author_id)))
        await session.execute(select(lock))
        conversation = await session.get(Conversation, draft.conversation_id)
        if conversation is None:
            raise ConversationNotFound
        known = await _known(session, draft)
        if known is not None:
            if known.body != draft.body:
                raise BodyDiffers
            return Appended(known, conversation, new=False)
        await _within_limit(session, draft.author_id)
        return Appended(await _store(session, draft), conversation, new=True)


async def _known(session: AsyncSession, draft: Draft) -> Message | None:
    asked = select(Message).where(
        Message.conversation_id == draft.conversation_id,
        Message.author_id == draft.author_id,
        Message.client_message_id == draft.client_message_id,
    )
    message: Message | None = await session.scalar(asked)
    return message


async def _within_limit(session: AsyncSession, author: UUID) -> None:
    """The twentieth newest message must be older than the window."""
    now = func.clock_timestamp()
    asked = (
        select(Message.created_at, now)
        .where(Message.author_id == author, Message.created_at > now - WINDOW)
        .order_by(Message.created_at.desc())
        .offset(LIMIT - 1)
        .limit(1)
    )
    if found := (await session.execute(asked)).first():
        first, seen_at = found
        raise TooManyMessages((first + WINDOW - seen_at).total_seconds())


async def _store(session: AsyncSession, draft: Draft) -> Message:
    # the lock under which seqs are given: they become visible in their order, and none is left out
    conversation = await session.get_one(
        Conversation,
        draft.conversation_id,
        with_for_update={"key_share": True},
        populate_existing=True,
    )
    conversation.last_seq += 1
    conversation.updated_at = func.clock_timestamp()
    if draft.side is Side.SHOPPER:
        conversation.seller_unread += 1
    else:
        conversation.shopper_unread += 1
    message = Message(
        conversation_id=conversation.id,
        seq=conversation.last_seq,
        id=uuid4(),
        client_message_id=draft.client_message_id,
        author_side=draft.side,
        author_id=draft.author_id,
        body=draft.body,
    )
    session.add(message)
    await session.flush()
    return message


async def read_after(session: AsyncSession, conversation: UUID, after: int, limit: int) -> Sequence[Message]:
    asked = (
        select(Message)
        .where(Message.conversation_id == conversation, Message.seq > after)
        .order_by(Message.seq)
        .limit(limit)
    )
    return (await session.scalars(asked)).all()


async def read_before(
    session: AsyncSession, conversation: UUID, before: int | None, limit: int
) -> Sequence[Message]:
    """The newest before that seq, or of all; ascending as well."""
    asked = select(Message).where(Message.conversation_id == conversation)
    if before is not None:
        asked = asked.where(Message.seq < before)
    found = (await session.scalars(asked.order_by(Message.seq.desc()).limit(limit))).all()
    return found[::-1]


async def mark_read(sessions: Sessions, conversation_id: UUID, side: Side, seq: int) -> Conversation:
    """With what is unread then. Reading does not go back, and not beyond what there is."""
    async with sessions.begin() as session:
        conversation = await session.get(
            Conversation, conversation_id, with_for_update={"key_share": True}, populate_existing=True
        )
        if conversation is None:
            raise ConversationNotFound
        read = max(conversation.read_seq(side), min(seq, conversation.last_seq))
        of_others = select(func.count()).where(
            Message.conversation_id == conversation_id,
            Message.seq > read,
            Message.author_side == side.other,
        )
        unread = await session.scalar(of_others) or 0
        if side is Side.SHOPPER:
            conversation.shopper_read_seq, conversation.shopper_unread = read, unread
        else:
            conversation.seller_read_seq, conversation.seller_unread = read, unread
        return conversation

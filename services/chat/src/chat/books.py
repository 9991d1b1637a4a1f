"""`python -m chat export`: the books, for operators and the audit. One JSON object a line, read in one
snapshot. Nobody's words are in them.
"""

import sys
from typing import Any

import msgspec
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chat.settings import Settings
from chat.storage.database import make_engine, make_sessions
from chat.storage.tables import Conversation, Message, TrackedOrder

_CHUNK = 500


async def export(settings: Settings) -> None:
    engine = make_engine(settings)
    try:
        async with make_sessions(engine)() as session:
            await session.execute(text("set transaction isolation level repeatable read, read only"))
            await _conversations(session)
            await _orders(session)
    finally:
        await engine.dispose()


async def _conversations(session: AsyncSession) -> None:
    """Its counter beside what is there: they are equal, or something was lost."""
    messages = (
        select(Message.conversation_id, func.count().label("messages"))
        .group_by(Message.conversation_id)
        .subquery()
    )
    asked = (
        select(Conversation.id, Conversation.last_seq, func.coalesce(messages.c.messages, 0))
        .outerjoin(messages, messages.c.conversation_id == Conversation.id)
        .order_by(Conversation.id)
        .execution_options(yield_per=_CHUNK)
    )
    async for conversation, last_seq, count in await session.stream(asked):
        _write({"kind": "conversation", "id": str(conversation), "last_seq": last_seq, "messages": count})


async def _orders(session: AsyncSession) -> None:
    asked = (
        select(TrackedOrder.order_id, TrackedOrder.version, TrackedOrder.status)
        .order_by(TrackedOrder.order_id)
        .execution_options(yield_per=_CHUNK)
    )
    async for order, version, status in await session.stream(asked):
        _write({"kind": "tracked_order", "order_id": str(order), "version": version, "status": status})


def _write(row: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(row) + b"\n")

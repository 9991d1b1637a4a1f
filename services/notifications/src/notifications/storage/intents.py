"""Intents and announcements as they enter."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from notifications.domain.intents import Announcement, Intent, State
from notifications.storage.tables import announcements, intents


def keep(connection: Connection, wanted: Sequence[Intent], domain: str) -> list[UUID]:
    """The ids of those that nobody had meant before."""
    if not wanted:
        return []
    rows = [
        {
            "id": intent.id,
            "cause": intent.cause,
            "template": intent.template,
            "recipient": intent.recipient,
            "order_id": intent.order_id,
            "context": dict(intent.context),
            "message_id": intent.message_id(domain),
            "traceparent": intent.traceparent,
        }
        for intent in wanted
    ]
    new = insert(intents).values(rows).on_conflict_do_nothing(constraint="intents_once")
    return list(connection.execute(new.returning(intents.c.id)).scalars())


def announce(connection: Connection, wanted: Sequence[Announcement]) -> list[UUID]:
    if not wanted:
        return []
    rows = [
        {
            "id": news.id,
            "cause": news.cause,
            "template": news.template,
            "context": dict(news.context),
            "traceparent": news.traceparent,
        }
        for news in wanted
    ]
    new = insert(announcements).values(rows).on_conflict_do_nothing(constraint="announcements_once")
    return list(connection.execute(new.returning(announcements.c.id)).scalars())


def by_state(connection: Connection) -> list[tuple[str, str, str, int]]:
    """(kind, template, state, count), for the metrics."""
    counted: list[tuple[str, str, str, int]] = []
    for kind, table in (("intent", intents), ("announcement", announcements)):
        statement = select(table.c.template, table.c.state, func.count()).group_by(
            table.c.template, table.c.state
        )
        counted += [(kind, *row.tuple()) for row in connection.execute(statement)]
    return counted


def oldest_due(connection: Connection) -> float:
    """Seconds; 0 when nothing waits."""
    waits = func.max(func.extract("epoch", func.now() - intents.c.due_at))
    statement = select(waits).where(intents.c.state == State.PENDING, intents.c.due_at < func.now())
    return float(connection.execute(statement).scalar() or 0)

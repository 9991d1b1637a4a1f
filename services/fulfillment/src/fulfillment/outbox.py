"""Events leave in the transaction that made them true; the shared relay carries them to Kafka afterwards."""

from collections.abc import Sequence

from sqlalchemy import column, func, select, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from bazaar_shared.envelope import Event

outbox = table("outbox", column("topic", Text), column("key", Text), column("envelope", JSONB))


def publish(session: Session, topic: str, events: Sequence[Event]) -> None:
    if not events:
        return
    session.execute(
        outbox.insert(),
        [{"topic": topic, "key": event.subject, "envelope": event.to_dict()} for event in events],
    )
    session.execute(select(func.pg_notify("outbox", "")))  # only a wake-up: the relay polls as well

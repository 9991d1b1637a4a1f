"""The books for operators and the audit: NDJSON, one snapshot."""

import json
import sys
from typing import TextIO

from sqlalchemy import select, text

from notifications.settings import Settings
from notifications.storage.engine import make_engine
from notifications.storage.tables import intents


def export(settings: Settings, out: TextIO = sys.stdout) -> int:
    engine = make_engine(settings.dsn, settings.process_name)
    columns = (
        intents.c.id,
        intents.c.cause,
        intents.c.template,
        intents.c.recipient,
        intents.c.order_id,
        intents.c.state,
        intents.c.message_id,
        intents.c.attempts,
        intents.c.created_at,
    )
    with engine.connect() as connection:
        connection.execute(text("set transaction isolation level repeatable read, read only"))
        statement = select(*columns).order_by(intents.c.created_at, intents.c.id)
        for row in connection.execute(statement, execution_options={"yield_per": 500}):
            line = {
                "kind": "mail_intent",
                "id": str(row.id),
                "cause": row.cause,
                "template": row.template,
                "recipient": str(row.recipient),
                "order_id": str(row.order_id) if row.order_id else None,
                "state": row.state,
                "message_id": row.message_id,
                "attempts": row.attempts,
                # how long a pending one has waited, for the audit
                "created_at": row.created_at.isoformat(),
            }
            out.write(json.dumps(line) + "\n")
    engine.dispose()
    return 0

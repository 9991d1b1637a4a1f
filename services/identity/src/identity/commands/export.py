"""The books for operators and the audit: NDJSON, without personal data."""

import json
from typing import TextIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from identity.accounts.models import Account
from identity.times import rfc3339


def export_accounts(db: Session, out: TextIO) -> None:
    columns = (Account.id, Account.roles, Account.state, Account.created_at)
    rows = db.execute(
        select(*columns).order_by(Account.created_at, Account.id), execution_options={"yield_per": 500}
    )
    for row in rows:
        line = {
            "kind": "account",
            "id": str(row.id),
            "roles": row.roles,
            "state": row.state,
            "created_at": rfc3339(row.created_at),
        }
        out.write(json.dumps(line) + "\n")

"""The demo market's accounts, and the service accounts: both idempotent."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from identity.accounts.interfaces import IPasswordHasher
from identity.accounts.models import Account


def seed_accounts(db: Session, demo_dir: Path, hasher: IPasswordHasher, now: datetime) -> int:
    """How many were new. A known one is left as its owner made it, an erased one stays erased."""
    market: dict[str, Any] = yaml.safe_load((demo_dir / "market.yaml").read_text(encoding="utf-8"))
    wanted = {UUID(account["id"]): account for account in market["accounts"]}
    known = set(db.scalars(select(Account.id).where(Account.id.in_(wanted))))
    new = [
        {
            "id": account_id,
            "email": account["email"].lower(),
            "display_name": account["display_name"],
            "password_hash": hasher.hash(account["password"]),
            "roles": sorted(account["roles"]),
            "created_at": now,
        }
        for account_id, account in wanted.items()
        if account_id not in known
    ]
    if not new:
        return 0
    added = db.scalars(insert(Account).on_conflict_do_nothing().returning(Account.id), new)
    return len(added.all())

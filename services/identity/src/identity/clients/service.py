"""Service accounts: RFC 6749's client credentials. The deployment makes the secrets, one file each."""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bazaar_shared.settings import read_secret
from identity.clients.models import ServiceClient
from identity.errors import InvalidClient
from identity.throttling.interfaces import Attempt, IThrottle, Limit
from identity.tokens.interfaces import AccessToken, ITokenIssuer

BY_ADDRESS = Limit("client/address", burst=50, every=timedelta(seconds=5))
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
SHORTEST_SECRET = 24


class ServiceClients:
    def __init__(self, db: Session, issuer: ITokenIssuer, throttle: IThrottle) -> None:
        self._db = db
        self._issuer = issuer
        self._throttle = throttle

    def token_for(self, name: str, secret: str, address: str) -> AccessToken:
        with self._throttle.failures_of(Attempt(BY_ADDRESS, address)):
            client = self._db.get(ServiceClient, name) if NAME.fullmatch(name) else None
            known = client.secret_digest if client else bytes(hashlib.sha256().digest_size)
            if not hmac.compare_digest(known, _digest(secret)):
                raise InvalidClient("The client or its secret is wrong.")
        return self._issuer.issue(f"service:{name}", ["service"])


def load_clients(db: Session, folder: Path, now: datetime) -> list[str]:
    """The folder is the truth: what is in it may sign in with what it says, and nobody else."""
    names = sorted(file.name for file in folder.iterdir() if file.is_file() and NAME.fullmatch(file.name))
    for name in names:
        secret = read_secret(folder / name)
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(
                f"the secret of {name} is too short: {SHORTEST_SECRET} random characters at least"
            )
        client = {"secret_digest": _digest(secret), "updated_at": now}
        db.execute(
            insert(ServiceClient)
            .values(name=name, **client)
            .on_conflict_do_update(index_elements=[ServiceClient.name], set_=client)
        )
    db.execute(delete(ServiceClient).where(ServiceClient.name.not_in(names)))
    return names


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

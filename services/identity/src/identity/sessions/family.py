"""Refresh tokens that are derived, not stored: a token is (session, generation, MAC), docs/adr/0012.

The MAC needs the session's secret (in the database) and the keyring's key (not in it): who steals one of the
two can make no token. A generation always has the same token: an answer that got lost can be given again.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from identity.keyring import Keyring
from identity.sessions.models import AccountSession

LENGTH = 16 + 4 + 32


@dataclass(frozen=True, slots=True)
class PresentedToken:
    session_id: UUID
    generation: int
    mac: bytes


class Verdict(Enum):
    CURRENT = auto()
    REPEATED = auto()  # the immediate predecessor, in time: a parallel tab, or an answer that got lost
    REUSED = auto()  # an older member of the family: somebody else has it too
    UNKNOWN = auto()


def parse(token: str) -> PresentedToken | None:
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    if len(raw) != LENGTH:
        return None
    return PresentedToken(UUID(bytes=raw[:16]), int.from_bytes(raw[16:20]), raw[20:])


def token_of(session: AccountSession, keyring: Keyring) -> str:
    generation = session.generation.to_bytes(4)
    return (
        urlsafe_b64encode(session.id.bytes + generation + _mac(session, session.generation, keyring))
        .decode()
        .rstrip("=")
    )


def judge(
    presented: PresentedToken, session: AccountSession, keyring: Keyring, now: datetime, grace: timedelta
) -> Verdict:
    """What the token is to the session. Only a genuine token can be a reused one: no guess ends a family."""
    if not hmac.compare_digest(presented.mac, _mac(session, presented.generation, keyring)):
        return Verdict.UNKNOWN
    behind = session.generation - presented.generation
    if behind == 0:
        return Verdict.CURRENT
    if behind == 1 and now < session.rotated_at + grace:
        return Verdict.REPEATED
    # A token from the future is genuine only if the database was set back: no theft, and no use either.
    return Verdict.REUSED if behind > 0 else Verdict.UNKNOWN


def _mac(session: AccountSession, generation: int, keyring: Keyring) -> bytes:
    return keyring.refresh_mac(session.id.bytes + generation.to_bytes(4) + session.secret)

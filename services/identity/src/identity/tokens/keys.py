"""Signing keys: what is published, what signs, and how the next one takes over (docs/adr/0013).

created ──── one JWKS cache + skew ───▶ signs ──▶ successor signs ─── token life + cache + skew ───▶ withdrawn
published from the start …                                                            … to the very end
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from identity.errors import KeysMissing
from identity.keyring import Keyring
from identity.settings import Settings
from identity.tokens.models import SigningKey

ROTATION_LOCK = 0x6B657973  # "keys": whoever rotates holds it, so that two at once make one key


@dataclass(frozen=True, slots=True)
class Rotation:
    kid: str
    signs_from: datetime
    is_new: bool


class SigningKeys:
    def __init__(self, db: Session, keyring: Keyring, now: datetime) -> None:
        self._db = db
        self._keyring = keyring
        self._now = now

    def jwks(self) -> dict[str, Any]:
        return {"keys": [_jwk(key.kid, key.public_key) for key in self._published()]}

    def current(self) -> tuple[str, Ed25519PrivateKey]:
        key = self._db.scalars(
            select(SigningKey)
            .where(SigningKey.signs_from <= self._now, SigningKey.sealed_private_key.is_not(None))
            .order_by(SigningKey.signs_from.desc())
            .limit(1)
        ).first()
        if key is None or key.sealed_private_key is None:
            raise KeysMissing("There is no signing key.")
        return key.kid, Ed25519PrivateKey.from_private_bytes(self._keyring.unseal(key.sealed_private_key))

    def verifying(self, kid: str) -> Ed25519PublicKey | None:
        for key in self._published():
            if key.kid == kid:
                return Ed25519PublicKey.from_public_bytes(key.public_key)
        return None

    def _published(self) -> list[SigningKey]:
        living = or_(SigningKey.published_until.is_(None), SigningKey.published_until > self._now)
        return list(self._db.scalars(select(SigningKey).where(living).order_by(SigningKey.signs_from)))


def rotate(db: Session, keyring: Keyring, settings: Settings, now: datetime) -> Rotation:
    """Publish the next key, unless one is already waiting for its turn. The very first key signs at once."""
    db.execute(select(func.pg_advisory_xact_lock(ROTATION_LOCK)))
    _clear_away(db, settings, now)
    newest = db.scalars(select(SigningKey).order_by(SigningKey.signs_from.desc()).limit(1)).first()
    if newest is not None and newest.signs_from > now:
        return Rotation(newest.kid, newest.signs_from, is_new=False)
    signs_from = now
    if newest is not None:
        signs_from = now + settings.jwks_cache + settings.clock_skew
        newest.published_until = signs_from + _longest_use(settings)
    return Rotation(_add(db, keyring, now, signs_from), signs_from, is_new=True)


def ensure_first(db: Session, keyring: Keyring, settings: Settings, now: datetime) -> None:
    """A replica that starts on an empty database makes the key that all of them share."""
    db.execute(select(func.pg_advisory_xact_lock(ROTATION_LOCK)))
    if db.scalars(select(SigningKey.kid).limit(1)).first() is None:
        rotate(db, keyring, settings, now)


def _longest_use(settings: Settings) -> timedelta:
    """How long after its last signature a key may still be needed by a verifier."""
    return settings.access_token_life + settings.jwks_cache + settings.clock_skew


def _clear_away(db: Session, settings: Settings, now: datetime) -> None:
    db.execute(delete(SigningKey).where(SigningKey.published_until <= now))
    # The successor has signed for one skew: no replica's clock can want this private half again.
    done_signing = SigningKey.published_until <= now + settings.access_token_life + settings.jwks_cache
    db.execute(update(SigningKey).where(done_signing).values(sealed_private_key=None))


def _add(db: Session, keyring: Keyring, now: datetime, signs_from: datetime) -> str:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    key = SigningKey(
        kid=_thumbprint(public),
        public_key=public,
        sealed_private_key=keyring.seal(private.private_bytes_raw()),
        created_at=now,
        signs_from=signs_from,
    )
    db.add(key)
    db.flush()
    return key.kid


def _jwk(kid: str, public: bytes) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _b64(public), "kid": kid, "alg": "EdDSA", "use": "sig"}


def _thumbprint(public: bytes) -> str:
    """RFC 7638: the same key has the same name everywhere."""
    required = {"crv": "Ed25519", "kty": "OKP", "x": _b64(public)}
    return _b64(hashlib.sha256(json.dumps(required, separators=(",", ":")).encode()).digest())


def _b64(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import jwt

from identity.security.interfaces import NotAuthentic
from identity.settings import Settings
from identity.tokens.interfaces import AccessToken
from identity.tokens.keys import SigningKeys

REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti"]


class TokenIssuer:
    def __init__(self, keys: SigningKeys, settings: Settings, now: datetime) -> None:
        self._keys = keys
        self._settings = settings
        self._now = now

    def issue(self, subject: str, roles: Iterable[str], session_id: UUID | None = None) -> AccessToken:
        kid, private = self._keys.current()
        life = int(self._settings.access_token_life.total_seconds())
        issued_at = int(self._now.timestamp())
        claims: dict[str, Any] = {
            "iss": self._settings.token_issuer,
            "aud": self._settings.token_audience,
            "sub": subject,
            "roles": sorted(roles),
            "iat": issued_at,
            "exp": issued_at + life,
            "jti": str(uuid4()),
        }
        if session_id is not None:
            claims["sid"] = str(session_id)
        return AccessToken(jwt.encode(claims, private, algorithm="EdDSA", headers={"kid": kid}), life)

    def verify(self, token: str) -> dict[str, Any]:
        try:
            key = self._keys.verifying(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise NotAuthentic("The token's key is not one of ours.")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],  # never the header's choice: "none" and HS256 end here
                audience=self._settings.token_audience,
                issuer=self._settings.token_issuer,
                # Our own clock decides, which tests can move: the library would ask the machine's.
                options={"require": REQUIRED, "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError as refusal:
            raise NotAuthentic("The token is not valid.") from refusal
        if claims["exp"] <= self._now.timestamp():
            raise NotAuthentic("The token has expired.")
        return claims

"""Access tokens, verified in every service again (ADR 0003): EdDSA only, keys from identity's JWKS, cached.

While identity is down the known keys go on being used; only a process that never saw a key must answer 503.
"""

import asyncio
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import jwt

from bazaar_shared.settings import read_secret

logger = logging.getLogger(__name__)

ALGORITHM = "EdDSA"
REFETCH_PAUSE = 10.0  # the least seconds between two fetches, whatever key ids callers make up
_FIRST_FETCH_PAUSE = 1.0
_HTTP_TIMEOUT = 2.0
_MAX_TOKEN_LENGTH = 8192
_REQUIRED = ["exp", "iat", "sub", "aud", "iss"]


class InvalidToken(Exception):
    """The caller is not who it says: 401."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeysUnavailable(Exception):
    """The token can't be judged, for identity does not answer and its keys are not known: 503."""


class TokenUnavailable(Exception):
    """This service could get no token of its own."""


@dataclass(frozen=True, slots=True)
class Principal:
    subject: str
    roles: frozenset[str]
    session_id: str | None
    token_id: str | None
    expires_at: datetime

    @property
    def is_operator(self) -> bool:
        return self.has("operator")

    def has(self, role: str) -> bool:
        return role in self.roles


def bearer(header: str | None) -> str:
    """The token of an `Authorization: Bearer …` header."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidToken("a bearer token is required")
    return token.strip()


class _Judge:
    """What both verifiers know: the keys, when to fetch them again, and whether a token is good. No I/O."""

    def __init__(self, issuer: str, audience: str, leeway: float, cache: float) -> None:
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._cache = cache
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._failing = True

    def knows(self, kid: str) -> bool:
        return kid in self._keys

    def should_fetch(self, kid: str) -> bool:
        now = monotonic()
        if now - self._tried_at < (REFETCH_PAUSE if self._keys else _FIRST_FETCH_PAUSE):
            return False
        return not self.knows(kid) or now - self._fetched_at >= self._cache

    def trying(self) -> None:
        self._tried_at = monotonic()

    def store(self, document: Any) -> None:
        self._keys = _usable_keys(document)
        self._fetched_at = monotonic()
        self._failing = False

    def failed(self, error: Exception) -> None:
        self._failing = True
        logger.warning("identity's keys cannot be fetched", extra={"error": repr(error)})

    def kid(self, token: str) -> str:
        if len(token) > _MAX_TOKEN_LENGTH:
            raise InvalidToken("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
        # PyJWT does not catch what cannot be encoded: some servers hand on odd bytes as lone surrogates
        except (jwt.InvalidTokenError, UnicodeError) as error:
            raise InvalidToken("the token cannot be read") from error
        # before any key is looked up: `none` and HS256 with the public key as secret end here
        if header.get("alg") != ALGORITHM:
            raise InvalidToken(f"only {ALGORITHM} tokens are accepted")
        kid = header.get("kid")
        if not isinstance(kid, str):
            raise InvalidToken("the token names no key")
        return kid

    def judge(self, token: str, kid: str) -> Principal:
        key = self._keys.get(kid)
        if key is None:
            if self._failing:
                raise KeysUnavailable("identity's keys are not known and cannot be fetched")
            raise InvalidToken("the token's key is unknown")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway,
                options={"require": _REQUIRED},
            )
        except jwt.InvalidTokenError as error:
            raise InvalidToken(str(error) or type(error).__name__) from error
        return _principal(claims)


def _principal(claims: Mapping[str, Any]) -> Principal:
    roles = claims.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise InvalidToken("roles must be a list of names")
    if not claims["sub"]:
        raise InvalidToken("the subject is empty")
    return Principal(
        subject=claims["sub"],
        roles=frozenset(roles),
        session_id=claims.get("sid"),
        token_id=claims.get("jti"),
        expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
    )


def _usable_keys(document: Any) -> dict[str, jwt.PyJWK]:
    """Those of the set's keys that may verify: Ed25519, with an id. ValueError when there is none."""
    listed = document.get("keys") if isinstance(document, dict) else None
    keys = {
        key["kid"]: jwt.PyJWK(key, algorithm=ALGORITHM)
        for key in (listed if isinstance(listed, list) else [])
        if isinstance(key, dict)
        and key.get("kty") == "OKP"
        and key.get("crv") == "Ed25519"
        and key.get("use", "sig") == "sig"
        and isinstance(key.get("kid"), str)
    }
    if not keys:
        raise ValueError("the JWKS holds no usable key")
    return keys


class TokenVerifier:
    """For synchronous services; safe to share between threads. One fetch at a time, the others wait for it
    or, knowing the key, do not wait at all.
    """

    def __init__(
        self,
        jwks_url: str,
        issuer: str,
        audience: str,
        *,
        leeway: float = 30,
        cache: float = 300,
        client: httpx.Client | None = None,
    ) -> None:
        self._url = jwks_url
        self._judge = _Judge(issuer, audience, leeway, cache)
        self._client = client or httpx.Client(timeout=_HTTP_TIMEOUT)
        self._fetching = threading.Lock()

    def verify(self, token: str) -> Principal:
        kid = self._judge.kid(token)
        waits = not self._judge.knows(kid)
        # a fetch under way is not due again, but who needs what it brings must wait for it
        due = self._judge.should_fetch(kid) or (waits and self._fetching.locked())
        if due and self._fetching.acquire(blocking=waits):
            try:
                if self._judge.should_fetch(kid):
                    self._fetch()
            finally:
                self._fetching.release()
        return self._judge.judge(token, kid)

    def _fetch(self) -> None:
        self._judge.trying()
        try:
            self._judge.store(self._client.get(self._url).raise_for_status().json())
        except (httpx.HTTPError, ValueError, jwt.PyJWTError) as error:
            self._judge.failed(error)

    def close(self) -> None:
        self._client.close()


class AsyncTokenVerifier:
    """The same for asyncio. The fetch is a task of its own: a cancelled request does not cancel it."""

    def __init__(
        self,
        jwks_url: str,
        issuer: str,
        audience: str,
        *,
        leeway: float = 30,
        cache: float = 300,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._url = jwks_url
        self._judge = _Judge(issuer, audience, leeway, cache)
        self._client = client or httpx.AsyncClient(timeout=_HTTP_TIMEOUT)
        self._flight: asyncio.Task[None] | None = None

    async def verify(self, token: str) -> Principal:
        kid = self._judge.kid(token)
        if self._flight is None and self._judge.should_fetch(kid):
            self._flight = asyncio.create_task(self._fetch())
        if self._flight is not None and not self._judge.knows(kid):
            await asyncio.shield(self._flight)
        return self._judge.judge(token, kid)

    async def _fetch(self) -> None:
        self._judge.trying()
        try:
            response = await self._client.get(self._url)
            self._judge.store(response.raise_for_status().json())
        except (httpx.HTTPError, ValueError, jwt.PyJWTError) as error:
            self._judge.failed(error)
        finally:
            self._flight = None

    async def aclose(self) -> None:
        if self._flight is not None:
            await self._flight
        await self._client.aclose()


class ServiceTokens:
    """The service's own access token by client credentials, kept until a minute before it ends."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        secret_file: str | Path,
        *,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._url = token_url
        self._auth = httpx.BasicAuth(client_id, read_secret(secret_file))
        self._client = client or httpx.AsyncClient(timeout=_HTTP_TIMEOUT)
        self._lock = asyncio.Lock()
        self._token = ""
        self._until = float("-inf")

    async def get(self) -> str:
        async with self._lock:
            if monotonic() >= self._until:
                await self._fetch()
            return self._token

    async def _fetch(self) -> None:
        try:
            form = {"grant_type": "client_credentials"}
            response = await self._client.post(self._url, data=form, auth=self._auth)
            answer = response.raise_for_status().json()
            self._token, self._until = answer["access_token"], monotonic() + answer["expires_in"] - 60
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise TokenUnavailable(f"no token from {self._url}: {error!r}") from error

    async def aclose(self) -> None:
        await self._client.aclose()

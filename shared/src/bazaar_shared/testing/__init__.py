"""Helpers for the tests of all services. Nothing here is used by a running service."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def eventually[T](check: Callable[[], T], within: float = 10, every: float = 0.05) -> T:
    """The check's first truthy value; an AssertionError in it counts as not yet, and is what is seen at the
    deadline.
    """
    deadline = time.monotonic() + within
    while True:
        value, failure = _attempt(check)
        if failure is None and value:
            return value
        if time.monotonic() >= deadline:
            raise failure or AssertionError(f"still {value!r} after {within} s")
        time.sleep(every)


async def aeventually[T](check: Callable[[], Awaitable[T] | T], within: float = 10, every: float = 0.05) -> T:
    """`eventually` for asyncio; the check may be a coroutine function."""
    deadline = time.monotonic() + within
    while True:
        value, failure = _attempt(check)
        if isinstance(value, Awaitable):
            try:
                value = await value
            except AssertionError as error:
                value, failure = None, error
        if failure is None and value:
            return value
        if time.monotonic() >= deadline:
            raise failure or AssertionError(f"still {value!r} after {within} s")
        await asyncio.sleep(every)


def _attempt[T](check: Callable[[], T]) -> tuple[T | None, AssertionError | None]:
    try:
        return check(), None
    except AssertionError as error:
        return None, error


class TokenForge:
    """An issuer for tests: tokens as identity makes them, and the bad ones that every service must refuse."""

    def __init__(self, issuer: str = "https://identity.bazaar.example", audience: str = "bazaar") -> None:
        self.issuer = issuer
        self.audience = audience
        self.kid = uuid4().hex
        self._key = Ed25519PrivateKey.generate()

    def jwks(self) -> dict[str, Any]:
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        key = {
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": self.kid,
            "x": _base64(raw),
        }
        return {"keys": [key]}

    def rotate(self) -> None:
        """A new key: tokens made before are of an unknown key from now on."""
        self.kid, self._key = uuid4().hex, Ed25519PrivateKey.generate()

    def claims(
        self, subject: str | None = None, roles: tuple[str, ...] = ("shopper",), **changes: Any
    ) -> dict[str, Any]:
        """A change to None takes the claim out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject or str(uuid4()),
            "sid": str(uuid4()),
            "roles": list(roles),
            "iat": now,
            "exp": now + 600,
            "jti": str(uuid4()),
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": self.kid})

    def token(self, subject: str | None = None, roles: tuple[str, ...] = ("shopper",), **changes: Any) -> str:
        return self.sign(self.claims(subject, roles, **changes))

    def expired(self, subject: str | None = None) -> str:
        now = int(time.time())
        return self.token(subject, iat=now - 1200, exp=now - 600)

    def other_audience(self, subject: str | None = None) -> str:
        return self.token(subject, aud="another-market")

    def other_issuer(self, subject: str | None = None) -> str:
        return self.token(subject, iss="https://somebody.example")

    def unknown_kid(self, subject: str | None = None) -> str:
        claims = self.claims(subject)
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": "nobody-knows-this"})

    def foreign_key(self, subject: str | None = None) -> str:
        """Our key's id over somebody else's signature."""
        stranger = Ed25519PrivateKey.generate()
        return jwt.encode(self.claims(subject), stranger, algorithm="EdDSA", headers={"kid": self.kid})

    def alg_none(self, subject: str | None = None) -> str:
        return f"{self._unsigned('none', subject)}."

    def hs256_with_public_key(self, subject: str | None = None) -> str:
        unsigned = self._unsigned("HS256", subject)
        secret = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return f"{unsigned}.{_base64(hmac.digest(secret, unsigned.encode(), hashlib.sha256))}"

    def bad_tokens(self, subject: str | None = None) -> dict[str, str]:
        """Each kind of bad token by name: for a parametrized test of a service's door."""
        kinds = (
            self.expired, self.other_audience, self.other_issuer, self.unknown_kid, self.foreign_key,
            self.alg_none, self.hs256_with_public_key,
        )  # fmt: skip
        return {kind.__name__: kind(subject) for kind in kinds} | {"no_token_at_all": "abc.def"}

    def _unsigned(self, algorithm: str, subject: str | None) -> str:
        header = {"alg": algorithm, "typ": "JWT", "kid": self.kid}
        return ".".join(_base64(json.dumps(part).encode()) for part in (header, self.claims(subject)))

    @contextmanager
    def serving(self) -> Iterator[str]:
        """A real JWKS endpoint; yields its URL."""
        forge = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(forge.jwks()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/.well-known/jwks.json"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@contextmanager
def temporary_database(admin_url: str, prefix: str = "test", ddl: str = "") -> Iterator[str]:
    """A new database, dropped at the end also when connections are still open; yields its URL.

    Works inside a running event loop too: the statements run in a thread with a loop of their own.
    """
    name = f"{prefix}_{uuid4().hex[:12]}"
    url = urlunsplit(urlsplit(admin_url)._replace(path=f"/{name}"))
    _execute(admin_url, f'create database "{name}"')
    try:
        if ddl:
            _execute(url, ddl)
        yield url
    finally:
        _execute(admin_url, f'drop database if exists "{name}" with (force)')


def _execute(url: str, sql: str) -> None:
    errors: list[BaseException] = []

    async def run() -> None:
        connection = await asyncpg.connect(url, timeout=10, command_timeout=30)
        try:
            await connection.execute(sql)
        finally:
            await connection.close(timeout=5)

    def in_thread() -> None:
        try:
            asyncio.run(run())
        except Exception as error:  # noqa: BLE001 raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]

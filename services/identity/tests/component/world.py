"""What the tests act with: replicas of the application, a clock they can move, a hasher that counts."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from identity.accounts.interfaces import IPasswordHasher
from identity.accounts.models import Account, Role
from identity.accounts.passwords import Argon2Hasher
from identity.application import create_app
from identity.clock import IClock
from identity.settings import Settings
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from webtest import TestApp, TestResponse

PASSWORD = "correct horse battery staple"
API = "/api/identity"


class Clock:
    def __init__(self) -> None:
        self.set_right()

    def set_right(self) -> None:
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        return self._now

    def forward(self, **by: float) -> None:
        self._now += timedelta(**by)


class CountingHasher(Argon2Hasher):
    """Argon2 as in production; counts verifications, which are nearly all of a sign-in's work."""

    verifications = 0

    def verify(self, known: str | None, password: str) -> bool:
        self.verifications += 1
        return super().verify(known, password)

    def count(self, act: Callable[[], object]) -> int:
        before = self.verifications
        act()
        return self.verifications - before


@dataclass(frozen=True)
class Person:
    id: str
    email: str
    session_id: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}


class Replica:
    def __init__(self, app: Any) -> None:
        self.http = TestApp(app, extra_environ={"REMOTE_ADDR": "203.0.113.7"})
        self.engine: Engine = app.registry["sqlalchemy.engine"]

    def stop(self) -> None:
        self.engine.dispose()

    def sign_up(self, email: str, *, status: int = 201, **changes: Any) -> TestResponse:
        body = {"email": email, "password": PASSWORD, "display_name": "Somebody"} | changes
        return self.http.post_json(f"{API}/accounts", body, status=status)

    def sign_in(
        self, email: str, password: str = PASSWORD, *, status: int = 201, **environ: str
    ) -> TestResponse:
        body = {"email": email, "password": password}
        return self.http.post_json(f"{API}/sessions", body, status=status, extra_environ=environ)

    def refresh(self, token: str, *, status: int = 200) -> TestResponse:
        return self.http.post_json(f"{API}/sessions/refresh", {"refresh_token": token}, status=status)

    def person(self, email: str, *roles: Role) -> Person:
        """Somebody who has signed up and in."""
        account_id = self.sign_up(email).json["id"]
        if roles:
            with Session(self.engine) as db, db.begin():
                db.scalars(select(Account).where(Account.email == email)).one().roles = sorted(roles)
        return self.signed_in(email, account_id)

    def signed_in(self, email: str, account_id: str) -> Person:
        granted = self.sign_in(email).json
        return Person(
            account_id, email, granted["session_id"], granted["access_token"], granted["refresh_token"]
        )

    def me(self, person: Person, *, status: int = 200) -> TestResponse:
        return self.http.get(f"{API}/accounts/me", headers=person.headers, status=status)


def start_replica(settings: Settings, clock: Clock, hasher: Argon2Hasher, *overrides: Any) -> Replica:
    def with_test_services(config: Any) -> None:
        config.register_service(clock, IClock)
        config.register_service(hasher, IPasswordHasher)

    return Replica(create_app(settings, with_test_services, *overrides))


def at_once[T](*acts: Callable[[], T]) -> list[T]:
    """Runs them in threads that start together."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        barrier.wait(timeout=10)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts, timeout=30))


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def problem(response: TestResponse) -> dict[str, Any]:
    """The problem without what differs from request to request; its form is checked on the way."""
    assert response.content_type == "application/problem+json"
    document = dict(response.json)
    assert document["status"] == response.status_int
    assert document.pop("trace_id") == response.headers["X-Trace-Id"]
    return document

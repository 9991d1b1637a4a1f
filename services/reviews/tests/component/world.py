"""People, what they bought, and what they say, for the tests."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from flask.testing import FlaskClient
from reviews.events.incoming import IncomingEvents
from reviews.models import RatingSummary, Review, outbox
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from bazaar_shared.envelope import Event
from bazaar_shared.testing import TokenForge

API = "/api/reviews"
WORDS: Mapping[str, Any] = {"rating": 4, "title": "Good", "body": "Quite good.", "author_name": "Ada"}


def order_event(
    status: str,
    shopper_id: UUID,
    *products: UUID,
    order_id: UUID | None = None,
    version: int = 5,
) -> Event:
    """As orders tells it."""
    order_id = order_id or uuid4()
    lines = [
        {
            "product_id": str(product_id),
            "seller_id": str(uuid4()),
            "quantity": 1,
            "unit_price_minor": 100,
            "line_total_minor": 100,
        }
        for product_id in products
    ]
    data = {
        "order_id": str(order_id),
        "status": status,
        "reason": None,
        "shopper_id": str(shopper_id),
        "total_minor": 100 * len(lines),
        "currency": "EUR",
        "lines": lines,
        "basket_id": None,
        "basket_version": None,
    }
    return Event.new(
        source="/bazaar/orders",
        type=f"bazaar.orders.order.{status}.v1",
        subject=str(order_id),
        version=version,
        data=data,
    )


@dataclass(frozen=True)
class Person:
    id: UUID
    token: str
    client: FlaskClient

    def call(self, method: str, path: str, json: Any = None, **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.client.open(API + path, method=method, json=json, headers=sent)

    def review(self, product_id: UUID, **changes: Any) -> TestResponse:
        return self.call("POST", f"/products/{product_id}", {**WORDS, **changes})


class Market:
    def __init__(self, app: Flask, forge: TokenForge, sessions: sessionmaker[Session]) -> None:
        self.app = app
        self.forge = forge
        self.sessions = sessions
        self.anybody = app.test_client()
        self.incoming = IncomingEvents(sessions)

    def person(self, *roles: str) -> Person:
        account_id = uuid4()
        token = self.forge.token(str(account_id), roles or ("shopper",))
        return Person(account_id, token, self.app.test_client())

    def buyer(self, *products: UUID) -> Person:
        """Somebody who has received the products."""
        person = self.person()
        self.tell(order_event("delivered", person.id, *products))
        return person

    def reviewed(self, product_id: UUID, **changes: Any) -> tuple[Person, dict[str, Any]]:
        """A review by somebody new."""
        person = self.buyer(product_id)
        answer = person.review(product_id, **changes)
        assert answer.status_code == 201, answer.text
        return person, answer.get_json()

    def tell(self, *events: Event) -> None:
        for event in events:
            self.incoming.take(event)

    def get(self, path: str) -> Any:
        answer = self.anybody.get(API + path)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def summary(self, product_id: UUID) -> dict[int, int]:
        """The stars that are not zero."""
        histogram = self.get(f"/products/{product_id}/summary")["histogram"]
        return {int(star): count for star, count in histogram.items() if count}

    def row(self, review_id: str) -> Review:
        with self.sessions() as session:
            return session.get_one(Review, UUID(review_id))

    def told(self, review_id: str) -> list[dict[str, Any]]:
        """The review's envelopes in the outbox, as they were written."""
        with self.sessions() as session:
            rows = select(outbox.c.envelope).where(outbox.c.key == review_id).order_by(outbox.c.id)
            return list(session.scalars(rows))

    def assert_sums_are_right(self) -> None:
        from reviews.commands.recount import recount

        with self.sessions.begin() as session:
            assert list(recount(session)) == []
            assert all(summary.count >= 0 for summary in session.scalars(select(RatingSummary)))


def problem(answer: TestResponse) -> tuple[int, str]:
    """Status and slug of a refusal, its form checked on the way."""
    assert answer.content_type == "application/problem+json", answer.text
    document = answer.get_json(force=True)
    assert document["status"] == answer.status_code
    assert document["trace_id"] == answer.headers["X-Trace-Id"]
    return answer.status_code, document["type"].removeprefix("https://bazaar.example/problems/")


def at_once[T](*acts: Callable[[], T]) -> list[T]:
    """Runs them in threads that start together."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        barrier.wait(timeout=10)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts, timeout=60))

"""The demo market's reviews: by the demo's shoppers, for products they are said to have bought."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import yaml
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from reviews.changes import changing
from reviews.models import Purchase, PurchaseStatus, Review, Status

DEMO = UUID("5f6b1d0e-9a54-5c0e-8f0b-6e1d7c9b2a41")


def seed(session: Session, folder: Path) -> int:
    """How many were new. What a shopper has made of a review since, and what an operator has hidden, stays
    so.
    """
    entries: list[dict[str, Any]] = yaml.safe_load((folder / "reviews.yaml").read_text(encoding="utf-8"))[
        "reviews"
    ]
    wanted = {(UUID(entry["shopper_id"]), UUID(entry["product_id"])): entry for entry in entries}
    pairs = select(Review.shopper_id, Review.product_id)
    known = {(row.shopper_id, row.product_id) for row in session.execute(pairs)}
    new = {key: entry for key, entry in wanted.items() if key not in known}
    if not new:
        return 0
    _purchases(session, new)
    now = datetime.now(UTC)
    # by id, as all changes lock them
    reviews = sorted((_review(key, entry, now) for key, entry in new.items()), key=lambda review: review.id)
    with changing(session, reviews):
        for review in reviews:
            review.status = Status.PUBLISHED
    return len(reviews)


def _review(key: tuple[UUID, UUID], entry: Mapping[str, Any], now: datetime) -> Review:
    shopper_id, product_id = key
    # the same id wherever the demo is loaded: two seeds at once meet at the primary key
    review_id = _id("review", *key)
    return Review(
        id=review_id,
        product_id=product_id,
        shopper_id=shopper_id,
        rating=entry["rating"],
        title=entry["title"],
        body=entry["body"],
        author_name=entry["author_name"],
        version=0,
        # not all at one o'clock
        created_at=now - timedelta(days=entry["days_ago"], minutes=review_id.int % 1440),
    )


def _purchases(session: Session, keys: Iterable[tuple[UUID, UUID]]) -> None:
    rows = [
        {
            "order_id": _id("order", shopper_id, product_id),
            "product_id": product_id,
            "shopper_id": shopper_id,
            "status": PurchaseStatus.DELIVERED,
            "version": 0,
            "demo": True,
        }
        for shopper_id, product_id in sorted(keys)
    ]
    session.execute(insert(Purchase).on_conflict_do_nothing(), rows)


def _id(kind: str, shopper_id: UUID, product_id: UUID) -> UUID:
    return uuid5(DEMO, f"{kind}/{shopper_id}/{product_id}")

"""What shoppers do with reviews. Each function runs in its caller's transaction, and commits nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from reviews.changes import changing
from reviews.errors import AlreadyReviewed, NoSuchReview, NotBought, VersionConflict
from reviews.models import Purchase, PurchaseStatus, Review, Status


@dataclass(frozen=True, slots=True)
class Words:
    """What a shopper says."""

    rating: int
    title: str
    body: str
    author_name: str

    @classmethod
    def of(cls, review: Review) -> Self:
        return cls(review.rating, review.title, review.body, review.author_name)

    def write_to(self, review: Review) -> None:
        review.rating, review.title = self.rating, self.title
        review.body, review.author_name = self.body, self.author_name


def write(session: Session, shopper_id: UUID, product_id: UUID, words: Words) -> Review:
    """The first review of a product by a shopper, or the next one after the first was deleted."""
    review = _of(session, shopper_id, product_id)
    if review is not None and review.status is not Status.DELETED:
        raise AlreadyReviewed
    purchase = purchase_of(session, shopper_id, product_id)
    if purchase is None:
        raise NotBought
    review = review or Review(
        id=uuid4(), product_id=product_id, shopper_id=shopper_id, version=0, created_at=datetime.now(UTC)
    )
    try:
        with changing(session, [review]):
            words.write_to(review)
            review.order_id = None if purchase.demo else purchase.order_id
            # what an operator withheld does not come back by deleting and writing it again
            review.status = Status.HIDDEN if review.hidden_at else Status.PUBLISHED
    except IntegrityError as error:
        # two at once: the unique constraint lets one win
        if isinstance(error.orig, UniqueViolation):
            raise AlreadyReviewed from error
        raise
    return review


def edit(session: Session, shopper_id: UUID, review_id: UUID, words: Words, expected: int | None) -> Review:
    """A hidden review can be edited, and stays hidden. The same words again are no change."""
    review = _own(session, shopper_id, review_id, expected)
    if words != Words.of(review):
        with changing(session, [review]):
            words.write_to(review)
    return review


def delete(session: Session, shopper_id: UUID, review_id: UUID, expected: int | None) -> None:
    review = _own(session, shopper_id, review_id, expected)
    with changing(session, [review]):
        review.title = review.body = review.author_name = ""
        review.status = Status.DELETED


def purchase_of(session: Session, shopper_id: UUID, product_id: UUID) -> Purchase | None:
    """One that gives the right to review: delivered, and not on its way back. Real before demo."""
    statement = (
        select(Purchase)
        .where(Purchase.shopper_id == shopper_id, Purchase.product_id == product_id)
        .where(Purchase.status == PurchaseStatus.DELIVERED)
        .order_by(Purchase.demo, Purchase.order_id)
        .limit(1)
    )
    return session.scalar(statement)


def _of(session: Session, shopper_id: UUID, product_id: UUID) -> Review | None:
    statement = select(Review).where(Review.shopper_id == shopper_id, Review.product_id == product_id)
    return session.scalar(statement.with_for_update())


def _own(session: Session, shopper_id: UUID, review_id: UUID, expected: int | None) -> Review:
    review = session.get(Review, review_id, with_for_update=True)
    # another's is told apart from nobody's by no answer
    if review is None or review.shopper_id != shopper_id or review.status is Status.DELETED:
        raise NoSuchReview
    if expected not in {None, review.version}:
        raise VersionConflict(review.version)
    return review

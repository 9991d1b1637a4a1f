"""What operators do with reviews. Each function runs in its caller's transaction, and commits nothing."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from reviews.changes import changing
from reviews.models import Action, ModerationEntry, Review, Status


def hide(session: Session, review_ids: Collection[UUID], reason: str, moderator_id: UUID) -> Sequence[Review]:
    """Those that were published until now; the others are left as they are."""
    reviews = _locked(session, review_ids, Status.PUBLISHED)
    with _moderating(session, reviews, Action.HIDE, reason, moderator_id):
        for review in reviews:
            review.status, review.hidden_at, review.hidden_reason = Status.HIDDEN, datetime.now(UTC), reason
    return reviews


def show(session: Session, review_ids: Collection[UUID], reason: str, moderator_id: UUID) -> Sequence[Review]:
    reviews = _locked(session, review_ids, Status.HIDDEN)
    with _moderating(session, reviews, Action.SHOW, reason, moderator_id):
        for review in reviews:
            review.status, review.hidden_at, review.hidden_reason = Status.PUBLISHED, None, None
    return reviews


def log_of(session: Session, review_id: UUID) -> Sequence[ModerationEntry]:
    newest_first = select(ModerationEntry).where(ModerationEntry.review_id == review_id)
    return session.scalars(newest_first.order_by(ModerationEntry.id.desc())).all()


def _locked(session: Session, review_ids: Collection[UUID], status: Status) -> Sequence[Review]:
    statement = select(Review).where(Review.id.in_(review_ids)).order_by(Review.id).with_for_update()
    # judged after the lock: somebody may have been faster
    found = session.scalars(statement.execution_options(populate_existing=True))
    return [review for review in found if review.status is status]


@contextmanager
def _moderating(
    session: Session, reviews: Sequence[Review], action: Action, reason: str, moderator_id: UUID
) -> Iterator[None]:
    """A change with its line in the log, in the same transaction."""
    if not reviews:
        yield
        return
    with changing(session, reviews):
        yield
    session.add_all(
        ModerationEntry(
            review_id=review.id,
            action=action,
            reason=reason,
            moderator_id=moderator_id,
            review_version=review.version,
        )
        for review in reviews
    )

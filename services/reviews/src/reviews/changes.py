"""The one way in which reviews change.

Whatever an edit, a deletion or an operator's bulk action does to reviews, it does inside `changing(…)`: there
each one's version counts on, the summary of its product moves by the difference, and its event goes into the
outbox; all of it in the caller's transaction.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from reviews.events.outgoing import publish
from reviews.models import STARS, RatingSummary, Review

type Move = tuple[UUID, int]  # a product and a number of stars


@contextmanager
def changing(session: Session, reviews: Sequence[Review]) -> Iterator[None]:
    """`reviews` are locked (or new) in the order of their ids; their summaries are locked after all of them.
    With this one order of locks two changes, bulk ones too, can wait for each other but not in a circle.
    """
    before = _counted(reviews)
    yield
    now = datetime.now(UTC)
    for review in reviews:
        review.version += 1
        review.updated_at = now
    session.add_all(reviews)
    session.flush()  # a new review's unique constraint speaks before any summary is locked
    moves = _counted(reviews)
    moves.subtract(before)
    _move(session, moves)
    publish(session, reviews)


def _counted(reviews: Sequence[Review]) -> Counter[Move]:
    return Counter((review.product_id, review.counted) for review in reviews if review.counted is not None)


def _move(session: Session, moves: Counter[Move]) -> None:
    moved = {move: by for move, by in moves.items() if by}
    if not moved:
        return
    products = sorted({product_id for product_id, _ in moved})
    summaries = {summary.product_id: summary for summary in locked_summaries(session, products)}
    for (product_id, star), by in moved.items():
        summaries[product_id].move(star, by)
    session.flush()


def locked_summaries(session: Session, product_ids: Sequence[UUID]) -> Sequence[RatingSummary]:
    """Made where there was none, then locked in the order of the ids."""
    zeros = {f"stars_{star}": 0 for star in STARS}
    rows = [{"product_id": product_id, **zeros} for product_id in sorted(product_ids)]
    session.execute(insert(RatingSummary).on_conflict_do_nothing(), rows)
    statement = (
        select(RatingSummary)
        .where(RatingSummary.product_id.in_(product_ids))
        .order_by(RatingSummary.product_id)
        .with_for_update()
        # what the session may have read before the lock is out of date
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).all()

"""/api/reviews/{review_id}: one review. Only its shopper may change it; for all others there is none to
change.
"""

from typing import Any
from uuid import UUID

from flask import request
from flask_restful import Resource

from reviews import reviewing
from reviews.api.operations import Caller, operation
from reviews.api.preconditions import entity_tag, expected_version
from reviews.api.schemas import ReviewSchema, ReviewWrite
from reviews.errors import NoSuchReview
from reviews.extensions import db, tokens
from reviews.models import Review, Status


class OneReview(Resource):
    @operation(summary="A review", caller=Caller.KNOWN_IF_TOKEN, answer=ReviewSchema, refusals=("not-found",))
    def get(self, review_id: UUID) -> Any:
        reader = tokens.shopper_or_none()
        review = db.session.get(Review, review_id)
        if review is None or not _may_read(review, reader):
            raise NoSuchReview
        return ReviewSchema(reader=reader).dump(review), 200, entity_tag(review.version)

    @operation(
        summary="Say something else",
        caller=Caller.SHOPPER,
        body=ReviewWrite,
        answer=ReviewSchema,
        conditional=True,
        refusals=("forbidden", "not-found"),
    )
    def put(self, review_id: UUID) -> Any:
        shopper_id = tokens.shopper()
        words = ReviewWrite().load(request.get_json())
        with db.session.begin():
            review = reviewing.edit(db.session, shopper_id, review_id, words, expected_version())
        return ReviewSchema(reader=shopper_id).dump(review), 200, entity_tag(review.version)

    @operation(
        summary="Take it back; the product may be reviewed again",
        caller=Caller.SHOPPER,
        answer=None,
        status=204,
        conditional=True,
        refusals=("forbidden", "not-found"),
    )
    def delete(self, review_id: UUID) -> Any:
        shopper_id = tokens.shopper()
        with db.session.begin():
            reviewing.delete(db.session, shopper_id, review_id, expected_version())
        return None, 204


def _may_read(review: Review, reader: UUID | None) -> bool:
    """A hidden one only by who wrote it; a deleted one by nobody."""
    own = review.shopper_id == reader and review.status is not Status.DELETED
    return own or review.status is Status.PUBLISHED

"""/api/reviews/mine: what the caller has said, and still may say."""

from typing import Any
from uuid import UUID

from flask import request
from flask_restful import Resource
from sqlalchemy import select

from bazaar_shared.pagination import page
from reviews import reviewing
from reviews.api.operations import Caller, operation
from reviews.api.schemas import MyReviewSchema, PageQuery, ReviewPage, ReviewSchema
from reviews.extensions import db, tokens
from reviews.keyset import NEWEST, page_of
from reviews.models import Review, Status


class MyReviews(Resource):
    @operation(
        summary="The caller's reviews, hidden ones too",
        caller=Caller.SHOPPER,
        query=PageQuery,
        answer=ReviewPage,
        refusals=("invalid-cursor", "forbidden"),
    )
    def get(self) -> Any:
        shopper_id = tokens.shopper()
        query = PageQuery().load(request.args.to_dict())
        own = select(Review).where(Review.shopper_id == shopper_id, Review.status != Status.DELETED)
        items, next_cursor = page_of(db.session, own, NEWEST, query["limit"], query.get("cursor"))
        return page(ReviewSchema(reader=shopper_id).dump(items, many=True), next_cursor)


class MyProductReview(Resource):
    @operation(
        summary="May the caller review the product?",
        caller=Caller.SHOPPER,
        answer=MyReviewSchema,
        refusals=("forbidden",),
    )
    def get(self, product_id: UUID) -> Any:
        shopper_id = tokens.shopper()
        own = select(Review).where(Review.shopper_id == shopper_id, Review.product_id == product_id)
        review = db.session.scalar(own.where(Review.status != Status.DELETED))
        reason = "already_reviewed" if review else None
        if not review and reviewing.purchase_of(db.session, shopper_id, product_id) is None:
            reason = "not_bought"
        answer = {"may_review": reason is None, "reason": reason, "review": None}
        return answer | ({"review": ReviewSchema(reader=shopper_id).dump(review)} if review else {})

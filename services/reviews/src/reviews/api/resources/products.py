"""/api/reviews/products/{product_id}: what is said of a product."""

from typing import Any
from uuid import UUID

from flask import request
from flask_restful import Resource
from sqlalchemy import select

from reviews import reviewing
from reviews.api.operations import Caller, operation
from reviews.api.preconditions import entity_tag
from reviews.api.schemas import ProductReviewsQuery, ReviewPage, ReviewSchema, ReviewWrite, SummarySchema
from reviews.extensions import db, tokens
from reviews.keyset import ORDERINGS, page_of
from reviews.models import RatingSummary, Review, Status


class ProductReviews(Resource):
    @operation(
        summary="The published reviews of a product",
        caller=Caller.KNOWN_IF_TOKEN,
        query=ProductReviewsQuery,
        answer=ReviewPage,
        refusals=("invalid-cursor",),
    )
    def get(self, product_id: UUID) -> Any:
        reader = tokens.shopper_or_none()
        query = ProductReviewsQuery().load(request.args.to_dict())
        published = select(Review).where(Review.product_id == product_id, Review.status == Status.PUBLISHED)
        ordering = ORDERINGS[query["ordering"]]
        items, next_cursor = page_of(db.session, published, ordering, query["limit"], query.get("cursor"))
        return {"items": ReviewSchema(reader=reader).dump(items, many=True), "next_cursor": next_cursor}

    @operation(
        summary="Review a product that was delivered to the caller",
        caller=Caller.SHOPPER,
        body=ReviewWrite,
        answer=ReviewSchema,
        status=201,
        refusals=("forbidden", "conflict"),
    )
    def post(self, product_id: UUID) -> Any:
        shopper_id = tokens.shopper()
        words = ReviewWrite().load(request.get_json())
        with db.session.begin():
            review = reviewing.write(db.session, shopper_id, product_id, words)
        headers = {"Location": f"/api/reviews/{review.id}", **entity_tag(review.version)}
        return ReviewSchema(reader=shopper_id).dump(review), 201, headers


class ProductSummary(Resource):
    @operation(summary="The ratings of a product, summed up", caller=Caller.ANYBODY, answer=SummarySchema)
    def get(self, product_id: UUID) -> Any:
        summary = db.session.get(RatingSummary, product_id)
        return SummarySchema().dump(summary or RatingSummary.empty(product_id))

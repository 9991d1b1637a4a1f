"""reviews: of those two products."""

from typing import Any
from uuid import uuid4

from tests.unit.collaborators.market import Answer, Collaborators, Request, listed, refusal, route


def _summary(market: Collaborators, product_id: str) -> dict[str, Any]:
    ratings = [each["rating"] for each in market.reviews if each["product_id"] == product_id]
    return {
        "product_id": product_id,
        "count": len(ratings),
        "average": round(sum(ratings) / len(ratings), 2) if ratings else None,
        "histogram": {str(stars): ratings.count(stars) for stars in range(1, 6)},
    }


@route("GET", "/api/reviews/mine")
def my_reviews(market: Collaborators, request: Request) -> Answer:
    return listed(market.reviews)


@route("GET", "/api/reviews/mine/products/{product_id}")
def my_review(market: Collaborators, request: Request) -> Answer:
    reason = None if market.may_review else "not_bought"
    return Answer(200, {"may_review": market.may_review, "reason": reason, "review": None})


@route("GET", "/api/reviews/products/{product_id}")
def product_reviews(market: Collaborators, request: Request) -> Answer:
    return listed([each for each in market.reviews if each["product_id"] == request.names["product_id"]])


@route("GET", "/api/reviews/products/{product_id}/summary")
def product_summary(market: Collaborators, request: Request) -> Answer:
    return Answer(200, _summary(market, request.names["product_id"]))


@route("POST", "/api/reviews/products/{product_id}")
def write_review(market: Collaborators, request: Request) -> Answer:
    if not market.may_review:
        return refusal("forbidden")
    review = {
        "id": str(uuid4()),
        "product_id": request.names["product_id"],
        "status": "published",
        "version": 1,
        "mine": True,
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-01T00:00:00Z",
    } | request.body
    market.reviews.append(review)
    return Answer(201, review)

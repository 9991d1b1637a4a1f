"""The JSON API: a blueprint, and Flask-RESTful's Api on it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response
from flask_restful import Api

from reviews.api.resources.contract import Contract
from reviews.api.resources.mine import MyProductReview, MyReviews
from reviews.api.resources.products import ProductReviews, ProductSummary
from reviews.api.resources.review import OneReview
from reviews.api.resources.summaries import Summaries


class ProblemApi(Api):
    """Flask-RESTful puts itself before Flask's error handling for its own routes: `error_router` sends their
    errors to `handle_error`, which answers `{"message": …}`, knows of no registered handler and turns what it
    does not know into a 500 of that form. Here every error goes where the app's one map is (web/problems.py).
    """

    def error_router(self, original_handler: Callable[[Exception], Response], e: Exception) -> Response:
        return original_handler(e)


blueprint = Blueprint("api", __name__, url_prefix="/api/reviews")
api: Any = ProblemApi(blueprint)
api.add_resource(Contract, "/openapi.json", endpoint="contract")
api.add_resource(ProductReviews, "/products/<uuid:product_id>", endpoint="product_reviews")
api.add_resource(ProductSummary, "/products/<uuid:product_id>/summary", endpoint="product_summary")
api.add_resource(Summaries, "/summaries", endpoint="summaries")
api.add_resource(MyReviews, "/mine", endpoint="my_reviews")
api.add_resource(MyProductReview, "/mine/products/<uuid:product_id>", endpoint="my_product_review")
api.add_resource(OneReview, "/<uuid:review_id>", endpoint="review")

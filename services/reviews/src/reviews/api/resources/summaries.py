"""/api/reviews/summaries: the ratings of many products, for pages that list them."""

from typing import Any

from flask import request
from flask_restful import Resource
from sqlalchemy import select

from bazaar_shared.pagination import page
from reviews.api.operations import Caller, operation
from reviews.api.schemas import SummariesQuery, SummaryList, SummarySchema
from reviews.extensions import db
from reviews.models import RatingSummary


class Summaries(Resource):
    @operation(
        summary="The ratings of up to 100 products, in the order that was asked for",
        caller=Caller.ANYBODY,
        query=SummariesQuery,
        answer=SummaryList,
    )
    def get(self) -> Any:
        ids = SummariesQuery().load(request.args.to_dict())["ids"]
        known = db.session.scalars(select(RatingSummary).where(RatingSummary.product_id.in_(ids)))
        found = {summary.product_id: summary for summary in known}
        summaries = [
            found.get(product_id) or RatingSummary.empty(product_id) for product_id in dict.fromkeys(ids)
        ]
        return page(SummarySchema().dump(summaries, many=True), None)

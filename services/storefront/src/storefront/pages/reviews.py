from dataclasses import dataclass
from uuid import UUID

from quart import Blueprint, Response, flash, request

from storefront import fanout, paths
from storefront.clients.errors import Refused
from storefront.rendering import see_other, wants_fragment
from storefront.viewmodels.forms import Form
from storefront.viewmodels.reviews import Rating, Review
from storefront.visitor import market, member, members_only, signed_in, tokens

bp = Blueprint("reviews", __name__)

FIELDS = ("rating", "title", "body", "author_name")
_LIMITS = {"title": 120, "body": 4000, "author_name": 60}


@dataclass(frozen=True, slots=True)
class ShownReviews:
    summary: Rating
    items: tuple[Review, ...]
    next_url: str | None


async def reviews_of(product_id: str, cursor: str | None) -> ShownReviews:
    """Summary and page, at once; both or none."""
    asked = market().reviews
    bearer = tokens() if signed_in() else None
    async with fanout.Parts() as parts:
        summary = parts.need(asked.summary(product_id))
        found = parts.need(asked.of_product(product_id, cursor, bearer))
    reviews = found.result()
    more = {"reviews": reviews.next_cursor}
    next_url = paths.with_query(paths.product(product_id), more) if reviews.next_cursor else None
    return ShownReviews(summary.result(), reviews.items, next_url)


@bp.post("/products/<uuid:product_id>/reviews")
@members_only
async def write(product_id: UUID) -> Response:
    from storefront.pages.products import show_product

    form = Form.of(FIELDS, await request.form)
    _check(form)
    if form.good:
        try:
            await market().reviews.write(str(product_id), _review(form), member())
            return await _thanks(str(product_id))
        except Refused as refusal:
            _explain(form, refusal)
    return await show_product(str(product_id), form, 422)


async def _thanks(product_id: str) -> Response:
    from storefront.pages.products import show_product

    told = "Thank you: your review is on the page."
    if wants_fragment():
        await flash(told, "good")
        return await show_product(product_id)
    return await see_other(f"{paths.product(product_id)}#reviews", told)


def _check(form: Form) -> None:
    form.require(title="Please give it a title.", author_name="Please say who is speaking.")
    form.limit(**_LIMITS)
    if form.values["rating"] not in ("1", "2", "3", "4", "5"):
        form.errors["rating"] = "Please choose one to five stars."


def _review(form: Form) -> dict[str, str | int]:
    return {**form.values, "rating": int(form.values["rating"])}


def _explain(form: Form, refusal: Refused) -> None:
    words = {
        403: "You can review a product when it has been delivered to you.",
        409: "You have reviewed this product already.",
    }
    form.refuse(refusal.field_errors(), words.get(refusal.status, "This review could not be taken."))

from collections.abc import Awaitable
from dataclasses import replace
from uuid import UUID

from quart import Blueprint, Response, abort, request

from storefront.clients.errors import Refused
from storefront.market import Market
from storefront.pages.listing import Listing, show
from storefront.pages.messages import question
from storefront.pages.reviews import FIELDS as REVIEW_FIELDS
from storefront.pages.reviews import reviews_of
from storefront.rendering import PageParts, page, wants_fragment
from storefront.viewmodels.forms import Form
from storefront.viewmodels.products import Card, Stall
from storefront.viewmodels.reviews import MyReview
from storefront.visitor import as_seen, market, signed_in, tokens

bp = Blueprint("products", __name__)

_MORE = 4


@bp.get("/search")
async def search() -> Response:
    return await show(Listing("search"))


@bp.get("/categories/<slug>")
async def category(slug: str) -> Response:
    return await show(Listing("category", category=slug))


@bp.get("/products/<uuid:product_id>")
async def product(product_id: UUID) -> Response:
    return await show_product(str(product_id))


async def show_product(
    product_id: str, review_form: Form | None = None, code: int = 200, ask_form: Form | None = None
) -> Response:
    """The page, or for htmx its reviews. Also the answer to a review or a question that could not be taken,
    with the form as it was filled in.
    """
    asked = market()
    fragment = wants_fragment()
    async with PageParts() as parts:
        found = parts.need(_product(asked, product_id))
        reviews = parts.want("reviews", reviews_of(product_id, request.args.get("reviews")))
        mine = parts.want("reviews", _mine(asked, product_id))
        stall = parts.want("catalog", _stall(asked, found))
        more = None if fragment else parts.want("catalog", _more(asked, found))
    told = reviews.result()
    card = found.result()
    if told:
        # reviews knows of its own at once, the catalog by events
        card = replace(card, rating=told.summary)
    return await page(
        "_reviews.html" if fragment else "product.html",
        card.name,
        http_status=code,
        description=card.description[:150],
        product=card,
        form=Form.of(("quantity",), quantity="1"),
        reviews=told,
        my=mine.result(),
        review_form=review_form or Form.of(REVIEW_FIELDS, author_name=as_seen().name or ""),
        ask_form=ask_form or question(),
        more=(more.result() if more else None) or (),
        stall=stall.result(),
    )


async def _product(asked: Market, product_id: str) -> Card:
    try:
        return await asked.catalog.product(product_id)
    except Refused as refusal:
        if refusal.status == 404:
            abort(404, "Nothing of that kind is, or ever was, on this market.")
        raise


async def _mine(asked: Market, product_id: str) -> MyReview | None:
    if not signed_in():
        return None
    try:
        return await asked.reviews.mine_of(product_id, tokens())
    except Refused as refusal:
        if refusal.status == 403:
            # who works here and does not shop
            return MyReview(may_review=False, reason="not_bought", review=None)
        raise


async def _stall(asked: Market, product: Awaitable[Card]) -> Stall | None:
    card = await product
    return next((stall for stall in await asked.catalog.stalls.get() if stall.slug == card.stall_slug), None)


async def _more(asked: Market, product: Awaitable[Card]) -> tuple[Card, ...]:
    """Others of the same stall; asked for as soon as the product has told which stall that is."""
    card = await product
    found = await asked.catalog.products(
        seller=card.stall_slug, in_stock=True, ordering="newest", limit=_MORE + 1
    )
    return tuple(other for other in found.items if other.id != card.id)[:_MORE]

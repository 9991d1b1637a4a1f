"""/api/basket/baskets: making, reading and merging baskets."""

from uuid import UUID

from sanic import Blueprint, HTTPResponse

from basket.api.context import BasketRequest
from basket.api.dependencies import MaybeShopper, Shopper, Since
from basket.api.responses import PREFIX, basket_response
from basket.api.schemas import BasketOut, MergeBasket, MergedBasket, OpenedBasket, ViewedBasket
from basket.baskets.history import view, view_of_guest, view_of_member
from basket.baskets.merge import merge
from basket.baskets.owners import Caller
from basket.settings import Settings

blueprint = Blueprint("baskets", url_prefix="/baskets")


@blueprint.post("/")
async def open_basket(request: BasketRequest, shopper: MaybeShopper, settings: Settings) -> HTTPResponse:  # noqa: ARG001
    """A guest's new one with its token; a member's own, made when there is none."""
    if shopper.id is None:
        quote, token = await view_of_guest(settings.market_currency)
        made = True
    else:
        quote, made = await view_of_member(shopper.id, settings.market_currency)
        token = None
    headers = {"Location": f"{PREFIX}/baskets/{quote.id}"}
    return basket_response(OpenedBasket.of(quote, token), 201 if made else 200, headers, without=("token",))


@blueprint.get("/mine")
async def my_basket(request: BasketRequest, shopper: Shopper, settings: Settings) -> HTTPResponse:  # noqa: ARG001
    quote, _ = await view_of_member(shopper.id, settings.market_currency)
    return basket_response(BasketOut.model_validate(quote))


@blueprint.post("/mine/merge")
async def merge_baskets(
    request: BasketRequest,  # noqa: ARG001
    shopper: Shopper,
    body: MergeBasket,
    settings: Settings,
) -> HTTPResponse:
    quote, left_out = await merge(shopper.id, settings.market_currency, body.basket_id, body.token)
    return basket_response(MergedBasket.of(quote, left_out))


@blueprint.get("/<basket_id:uuid>")
async def get_basket(request: BasketRequest, basket_id: UUID, caller: Caller, since: Since) -> HTTPResponse:  # noqa: ARG001
    quote, changes = await view(basket_id, caller, since.version)
    return basket_response(ViewedBasket.of(quote, changes), without=("changes",))

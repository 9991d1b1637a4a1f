"""/api/basket/baskets/{id}/lines: each change names the version that was seen."""

from uuid import UUID

from sanic import Blueprint, HTTPResponse

from basket.api.context import BasketRequest
from basket.api.dependencies import IfMatch
from basket.api.responses import basket_response
from basket.api.schemas import AddLine, BasketOut, SetLine
from basket.baskets import lines
from basket.baskets.owners import Caller

blueprint = Blueprint("lines", url_prefix="/baskets/<basket_id:uuid>/lines")


@blueprint.post("/")
async def add_line(
    request: BasketRequest,  # noqa: ARG001
    basket_id: UUID,
    caller: Caller,
    seen: IfMatch,
    body: AddLine,
) -> HTTPResponse:
    quote = await lines.add_line(basket_id, caller, seen.versions, body.product_id, body.quantity)
    return basket_response(BasketOut.model_validate(quote))


@blueprint.delete("/")
async def clear_lines(request: BasketRequest, basket_id: UUID, caller: Caller, seen: IfMatch) -> HTTPResponse:  # noqa: ARG001
    return basket_response(
        BasketOut.model_validate(await lines.clear_lines(basket_id, caller, seen.versions))
    )


@blueprint.put("/<product_id:uuid>")
async def set_line(
    request: BasketRequest,  # noqa: ARG001
    basket_id: UUID,
    product_id: UUID,
    caller: Caller,
    seen: IfMatch,
    body: SetLine,
) -> HTTPResponse:
    quote = await lines.set_line(basket_id, caller, seen.versions, product_id, body.quantity)
    return basket_response(BasketOut.model_validate(quote))


@blueprint.delete("/<product_id:uuid>")
async def remove_line(
    request: BasketRequest,  # noqa: ARG001
    basket_id: UUID,
    product_id: UUID,
    caller: Caller,
    seen: IfMatch,
) -> HTTPResponse:
    quote = await lines.remove_line(basket_id, caller, seen.versions, product_id)
    return basket_response(BasketOut.model_validate(quote))

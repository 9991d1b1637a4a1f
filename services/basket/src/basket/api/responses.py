"""A basket as an answer: written once by pydantic's own serializer, tagged with its version."""

from collections.abc import Mapping

from sanic import HTTPResponse

from basket.api.schemas import BasketOut

PREFIX = "/api/basket"


def basket_response(
    basket: BasketOut,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
) -> HTTPResponse:
    """`without` names members that are left out when they are None."""
    absent = {name for name in without if getattr(basket, name) is None}
    tagged = {"ETag": f'"{basket.version}"', **(headers or {})}
    return HTTPResponse(basket.model_dump_json(exclude=absent), status, tagged, "application/json")

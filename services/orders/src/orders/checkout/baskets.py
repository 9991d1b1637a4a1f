"""What a basket holds, asked of the service that keeps it: by the shopper's own token, once, and not for
long (ADR 0037).
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import httpx
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bazaar_shared.telemetry import inject, span
from orders.checkout.errors import BasketAway, BasketChange, BasketChanged, BasketState, InvalidField
from orders.checkout.request import MAX_LINES, BasketVersion, Line
from orders.metrics import BASKET_ASKED

DEADLINE_SECONDS = 2.0
_OPEN = "open"


class _Line(Line):
    """Basket tells more of a line than an order needs; prices are not taken from it."""

    model_config = ConfigDict(extra="ignore")


class _Basket(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    version: Annotated[int, Field(strict=True, ge=1)]
    status: str
    lines: Annotated[list[_Line], Field(max_length=MAX_LINES)]
    changes: list[BasketChange] = []

    @field_validator("lines")
    @classmethod
    def _no_product_twice(cls, lines: list[_Line]) -> list[_Line]:
        if len({line.product_id for line in lines}) < len(lines):
            raise ValueError("a product stands in two lines")
        return lines


class Baskets:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def lines(self, wanted: BasketVersion, token: str) -> Sequence[Line]:
        """Of this version, and of an open basket. A CheckoutRefused says why not; BasketAway, that nobody
        knows.
        """
        basket = await self._ask(wanted, token)
        if basket.version != wanted.version or basket.status != _OPEN:
            state = BasketState(basket.id, basket.version, basket.status, basket.changes)
            raise BasketChanged(wanted.version, state)
        if not basket.lines:
            raise InvalidField("basket.id", "empty_basket", "there is nothing in the basket")
        return basket.lines

    async def _ask(self, wanted: BasketVersion, token: str) -> _Basket:
        with BASKET_ASKED.time():
            answer = await self._get(wanted, token)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise InvalidField("basket.id", "unknown_basket", "the shopper has no such basket")
        if answer.status_code != httpx.codes.OK:
            raise BasketAway(f"basket answered {answer.status_code}")
        try:
            basket = _Basket.model_validate_json(answer.content)
        except ValidationError as error:
            # not the values: they are the shopper's
            wrong = [(problem["loc"], problem["type"]) for problem in error.errors()]
            raise BasketAway(f"basket's answer cannot be read: {wrong}") from None
        if basket.id != wanted.id:
            raise BasketAway("basket answered with another basket")
        return basket

    async def _get(self, wanted: BasketVersion, token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        with span("GET /api/basket/baskets/{basket_id}", kind=SpanKind.CLIENT):
            inject(headers)
            try:
                # httpx's own limits are for each read; this is for all of it
                async with asyncio.timeout(DEADLINE_SECONDS):
                    path, since = f"/api/basket/baskets/{wanted.id}", {"since": wanted.version}
                    return await self._http.get(path, params=since, headers=headers)
            except (httpx.HTTPError, TimeoutError) as error:
                raise BasketAway(f"basket does not answer: {error!r}") from error

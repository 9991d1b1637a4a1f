"""basket: what somebody is about to buy. Whose it is, is a guest's secret or a member's token."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from storefront.clients.base import Bearer, Service, document
from storefront.clients.errors import Refused
from storefront.viewmodels.baskets import Basket

logger = logging.getLogger(__name__)

# another version by now; or no longer open, as its order was confirmed just then: the member has a new one
_LOST_RACES = frozenset({412, 409})
# two tabs that add at once, or a price that changes just then; more is not bad luck any more
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Guest:
    """The cookie `bazaar_basket`, `<id>.<token>`."""

    basket_id: str
    token: str

    def __str__(self) -> str:
        return f"{self.basket_id}.{self.token}"

    @classmethod
    def parse(cls, cookie: str | None) -> "Guest | None":
        basket_id, _, token = (cookie or "").partition(".")
        return cls(basket_id, token) if basket_id and token else None


type Holder = Guest | Bearer


class Baskets(Service):
    name = "basket"

    def __init__(
        self, http: httpx.AsyncClient, base_url: str, stalls: Callable[[], Awaitable[Mapping[str, str]]]
    ) -> None:
        """`stalls`: their names by slug, as far as they are known; a basket's lines hold the slug only."""
        super().__init__(http, base_url)
        self._stalls = stalls

    async def make_for_guest(self) -> Guest:
        made = document(self.name, await self.ask("POST", "/api/basket/baskets"))
        return Guest(made["id"], made["token"])

    async def show(self, holder: Holder, since: tuple[str, int] | None = None) -> Basket:
        """`since`: an id and a version that was seen before; the basket then tells what changed."""
        if isinstance(holder, Guest):
            seen = since[1] if since and since[0] == holder.basket_id else None
            return await self._shown(await self._read(holder, holder.basket_id, seen))
        found = document(self.name, await self.ask("GET", "/api/basket/baskets/mine", bearer=holder))
        if since and since[0] == found["id"] and since[1] != found["version"]:
            found = await self._read(holder, found["id"], since[1])
        return await self._shown(found)

    async def add(self, holder: Holder, product_id: str, quantity: int) -> Basket:
        line = {"product_id": product_id, "quantity": quantity}

        async def add(basket: Basket) -> Any:
            route = "/api/basket/baskets/{id}/lines"
            return await self._write(holder, "POST", route, basket, json=line, path={"id": basket.id})

        return await self._changed(holder, add)

    async def set_quantity(self, holder: Holder, product_id: str, quantity: int) -> Basket:
        """0 takes the line out."""

        async def change(basket: Basket) -> Any:
            method, body = ("PUT", {"quantity": quantity}) if quantity else ("DELETE", None)
            route = "/api/basket/baskets/{id}/lines/{product_id}"
            names = {"id": basket.id, "product_id": product_id}
            return await self._write(holder, method, route, basket, json=body, path=names)

        return await self._changed(holder, change)

    async def clear(self, holder: Holder) -> Basket:
        async def clear(basket: Basket) -> Any:
            route = "/api/basket/baskets/{id}/lines"
            return await self._write(holder, "DELETE", route, basket, path={"id": basket.id})

        return await self._changed(holder, clear)

    async def merge(self, bearer: Bearer, guest: Guest) -> tuple[str, ...]:
        """The names of what did not fit in any more. Asking again gives the same answer."""
        body = {"basket_id": guest.basket_id, "token": guest.token}
        answer = await self.ask("POST", "/api/basket/baskets/mine/merge", bearer=bearer, json=body)
        left_out = document(self.name, answer).get("left_out") or []
        return tuple(_name(left) for left in left_out)

    async def _shown(self, basket: Mapping[str, Any]) -> Basket:
        return Basket.of(basket, await self._stalls() if basket["lines"] else {})

    async def _read(self, holder: Holder, basket_id: str, since: int | None) -> Mapping[str, Any]:
        params = {} if since is None else {"since": since}
        answer = await self.ask(
            "GET", "/api/basket/baskets/{id}", params=params, path={"id": basket_id}, **_as(holder)
        )
        found: Mapping[str, Any] = document(self.name, answer)
        return found

    async def _changed(self, holder: Holder, change: Callable[[Basket], Awaitable[Any]]) -> Basket:
        """The change under the version that the basket has now. Each of ours means the same on every
        version, and on the basket that follows a bought one, so a lost race is run again.
        """
        for attempt in range(1, _TRIES + 1):
            basket = await self.show(holder)
            try:
                return await self._shown(document(self.name, await change(basket)))
            except Refused as refusal:
                if refusal.status not in _LOST_RACES or attempt == _TRIES:
                    raise
                logger.info("a basket changed meanwhile", extra={"basket": basket.id, "attempt": attempt})
        raise AssertionError("the last attempt returns or raises")

    async def _write(
        self,
        holder: Holder,
        method: str,
        route: str,
        basket: Basket,
        path: Mapping[str, str],
        json: Any = None,
    ) -> Any:
        headers = {"If-Match": f'"{basket.version}"'}
        return await self.ask(method, route, json=json, path=path, **_as(holder, headers))


def _as(holder: Holder, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    if isinstance(holder, Guest):
        return {"headers": {**(headers or {}), "Basket-Token": holder.token}}
    return {"headers": headers, "bearer": holder}


def _name(left: Any) -> str:
    return str(left.get("name") or left.get("product_id")) if isinstance(left, Mapping) else str(left)

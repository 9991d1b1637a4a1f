"""What the catalog is asked: whose a product is, what a stall is called, which stalls somebody works for."""

from uuid import UUID

import httpx
from msgspec import Struct

from chat.clients.cache import Cache
from chat.clients.http import ask, read
from chat.errors import InvalidField, ProductNotFound
from chat.shapes import Seller

SECONDS = 2.0
_KEPT_SECONDS = 60.0


class _Product(Struct):
    id: UUID
    name: str
    seller: Seller


class _Sellers(Struct):
    items: list[Seller]


class Catalog:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._stalls: Cache[UUID, frozenset[UUID]] = Cache(_KEPT_SECONDS)

    async def product(self, product: UUID) -> tuple[str, Seller]:
        """Its name and its stall."""
        path = f"/api/catalog/products/{product}"
        answer = await ask(self._http, "GET", path, route="/api/catalog/products/{id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise ProductNotFound
        found = read(answer, _Product)
        return found.name, found.seller

    async def seller(self, seller: UUID) -> Seller:
        path = "/api/catalog/sellers"
        answer = await ask(self._http, "GET", path, route=path, params={"ids": str(seller)})
        found = next((one for one in read(answer, _Sellers).items if one.id == seller), None)
        if found is None:
            raise InvalidField("seller_id", "unknown_seller", "there is no such stall")
        return found

    async def stalls_of(self, account: UUID, token: str) -> frozenset[UUID]:
        """Asked as that account; a new member of the staff waits a minute at most."""
        if kept := self._stalls.get(account):
            return kept[0]
        path = "/api/catalog/sellers/mine"
        answer = await ask(self._http, "GET", path, route=path, token=token)
        stalls = frozenset(seller.id for seller in read(answer, _Sellers).items)
        self._stalls.put(account, stalls)
        return stalls

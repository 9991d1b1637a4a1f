"""catalog: what the market sells."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Any

import httpx

from storefront.clients.base import Bearer, Service, document
from storefront.clients.errors import CallFailed
from storefront.viewmodels.products import Card, Cards, Category, Stall

# categories and stalls stand on every page and change seldom
_REMEMBERED_SECONDS = 60.0
_TRY_AGAIN_SECONDS = 5.0
_MOST_IN_A_BATCH = 100


class Remembered[T]:
    """A list that may be so many seconds old, and older while its service is away. One asks, the others wait;
    a failure is remembered too, for a moment: not every part of a page waits for it anew.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], seconds: float = _REMEMBERED_SECONDS) -> None:
        self._fetch = fetch
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._until = float("-inf")
        self._failure: CallFailed | None = None
        self.known: T | None = None

    async def get(self) -> T:
        if monotonic() >= self._until:
            async with self._lock:
                if monotonic() >= self._until:
                    await self._renew()
        if self.known is None:
            raise self._failure or AssertionError("neither a list nor a failure")
        return self.known

    async def _renew(self) -> None:
        try:
            self.known = await self._fetch()
            self._until = monotonic() + self._seconds
        except CallFailed as failure:
            self._failure = failure
            self._until = monotonic() + _TRY_AGAIN_SECONDS


class Catalog(Service):
    name = "catalog"

    def __init__(self, http: httpx.AsyncClient, base_url: str) -> None:
        super().__init__(http, base_url)
        self.categories = Remembered(self._categories)
        self.stalls = Remembered(self._stalls)

    async def products(self, **query: str | int | bool | None) -> Cards:
        """By the contract's own parameters: search, category, seller, min_price_minor, ordering, cursor …"""
        params = {name: _plain(value) for name, value in query.items() if value not in (None, "")}
        page = document(self.name, await self.ask("GET", "/api/catalog/products", params=params))
        return Cards(tuple(Card.of(item) for item in page["items"]), page["next_cursor"])

    async def product(self, product_id: str) -> Card:
        answer = await self.ask("GET", "/api/catalog/products/{id}", path={"id": product_id})
        return Card.of(document(self.name, answer))

    async def batch(self, ids: Sequence[str]) -> Mapping[str, Card]:
        """By id; what is not known is not in it."""
        wanted = list(dict.fromkeys(ids))[:_MOST_IN_A_BATCH]
        if not wanted:
            return {}
        answer = await self.ask("GET", "/api/catalog/products/batch", params={"ids": ",".join(wanted)})
        return {item["id"]: Card.of(item) for item in document(self.name, answer)["items"]}

    async def stall(self, slug: str) -> Stall:
        answer = await self.ask("GET", "/api/catalog/sellers/{slug}", path={"slug": slug})
        return Stall.of(document(self.name, answer))

    async def my_stalls(self, bearer: Bearer) -> tuple[Stall, ...]:
        """Those the caller works for; none for whoever only shops."""
        answer = await self.ask("GET", "/api/catalog/sellers/mine", bearer=bearer)
        return tuple(Stall.of(item) for item in document(self.name, answer)["items"])

    async def _categories(self) -> tuple[Category, ...]:
        answer = await self.ask("GET", "/api/catalog/categories", params={"limit": 100})
        items: list[dict[str, Any]] = document(self.name, answer)["items"]
        return tuple(Category(item["slug"], item["name"]) for item in items)

    async def _stalls(self) -> tuple[Stall, ...]:
        answer = await self.ask("GET", "/api/catalog/sellers", params={"limit": 100})
        return tuple(Stall.of(item) for item in document(self.name, answer)["items"])


def _plain(value: str | int | bool | None) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

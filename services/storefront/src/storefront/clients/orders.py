"""orders: the checkout, and what became of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from storefront.clients.base import Bearer, Service, document

type OrderDocument = Mapping[str, Any]
type JournalEntry = Mapping[str, Any]


class Orders(Service):
    name = "orders"

    async def place(self, order: Mapping[str, Any], key: str, bearer: Bearer) -> str:
        """The order's id. The same key with the same order gives the same id, however often it is sent."""
        headers = {"Idempotency-Key": key}
        answer = await self.ask("POST", "/api/orders", bearer=bearer, json=order, headers=headers)
        return str(document(self.name, answer)["id"])

    async def page(
        self, bearer: Bearer, cursor: str | None = None
    ) -> tuple[Sequence[OrderDocument], str | None]:
        params = {"limit": 20} | ({"cursor": cursor} if cursor else {})
        page = document(self.name, await self.ask("GET", "/api/orders", bearer=bearer, params=params))
        return page["items"], page["next_cursor"]

    async def order(self, order_id: str, bearer: Bearer) -> OrderDocument:
        answer = await self.ask("GET", "/api/orders/{order_id}", bearer=bearer, path={"order_id": order_id})
        found: OrderDocument = document(self.name, answer)
        return found

    async def journal(self, order_id: str, bearer: Bearer) -> Sequence[JournalEntry]:
        answer = await self.ask(
            "GET", "/api/orders/{order_id}/journal", bearer=bearer, path={"order_id": order_id}
        )
        found: Sequence[JournalEntry] = document(self.name, answer)["items"]
        return found

    async def cancel(self, order_id: str, bearer: Bearer) -> None:
        await self.ask("POST", "/api/orders/{order_id}/cancel", bearer=bearer, path={"order_id": order_id})

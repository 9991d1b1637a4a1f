"""What orders is asked, as the shopper: whose an order is, and which stalls it is from."""

from uuid import UUID

import httpx
from msgspec import Struct

from chat.clients.http import ask, read
from chat.errors import OrderNotFound

SECONDS = 2.0


class _Line(Struct):
    seller_id: UUID


class _Order(Struct):
    id: UUID
    lines: list[_Line]


class Orders:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def sellers_of(self, order: UUID, token: str) -> frozenset[UUID]:
        """Only who may see the order gets an answer: orders judges that by the token."""
        path = f"/api/orders/{order}"
        answer = await ask(self._http, "GET", path, route="/api/orders/{order_id}", token=token)
        if answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.FORBIDDEN}:
            raise OrderNotFound
        return frozenset(line.seller_id for line in read(answer, _Order).lines)

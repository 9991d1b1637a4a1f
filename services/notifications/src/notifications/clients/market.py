"""identity, catalog and orders, in this service's words."""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from notifications.clients.http import TIMEOUT, Asking, ServiceToken
from notifications.clients.models import Account, Listed, Order, Product, Seller, Staff
from notifications.errors import Passing
from notifications.settings import Settings

_MOST_IDS = 100
_LARGEST_PICTURE = 4 * 1024 * 1024


class Market:
    def __init__(self, settings: Settings) -> None:
        self._client = httpx.Client(timeout=TIMEOUT, limits=httpx.Limits(max_connections=8))
        token = ServiceToken(self._client, settings.identity_url, settings.client_secret_file)
        self._identity = Asking(self._client, settings.identity_url, token)
        self._catalog = Asking(self._client, settings.catalog_url)
        self._catalog_inside = Asking(self._client, settings.catalog_url, token)
        self._orders = Asking(self._client, settings.orders_url, token)

    def close(self) -> None:
        self._client.close()

    def account(self, account_id: UUID) -> Account | None:
        """None: erased, or never there. The answer is used for one mail and kept nowhere."""
        found = self._identity.json(f"/api/identity/accounts/{account_id}")
        return None if found is None else _read(Account, found)

    def order(self, order_id: UUID) -> Order | None:
        found = self._orders.json(f"/api/orders/{order_id}")
        return None if found is None else _read(Order, found)

    def products(self, ids: Iterable[UUID]) -> dict[UUID, Product]:
        """Archived ones too; an unknown one is left out."""

        def ask(some: str) -> Sequence[Product]:
            return _read(
                Listed[Product], self._catalog.json("/api/catalog/products/batch", {"ids": some})
            ).items

        return {product.id: product for product in _in_parts(ids, ask)}

    def sellers(self, ids: Iterable[UUID]) -> dict[UUID, Seller]:
        def ask(some: str) -> Sequence[Seller]:
            # a list with pages: without a limit it ends after twenty
            params = {"ids": some, "limit": str(_MOST_IDS)}
            return _read(Listed[Seller], self._catalog.json("/api/catalog/sellers", params)).items

        return {seller.id: seller for seller in _in_parts(ids, ask)}

    def staff(self, seller_id: UUID) -> list[UUID]:
        found = self._catalog_inside.json("/api/catalog/staff", {"seller_id": str(seller_id)})
        return [person.account_id for person in _read(Listed[Staff], found or {"items": []}).items]

    def picture(self, name: str) -> tuple[str, bytes] | None:
        """Its content type and its bytes."""
        answer = self._catalog.get(f"/api/catalog/pictures/{name}")
        if answer is None or len(answer.content) > _LARGEST_PICTURE:
            return None
        return answer.headers.get("Content-Type", "").partition(";")[0], answer.content


def _in_parts[T](ids: Iterable[UUID], ask: Callable[[str], Sequence[T]]) -> list[T]:
    wanted = sorted(set(ids))
    parts = [wanted[start : start + _MOST_IDS] for start in range(0, len(wanted), _MOST_IDS)]
    return [item for part in parts for item in ask(",".join(str(one) for one in part))]


def _read[T: BaseModel](kind: type[T], found: object) -> T:
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        # the other side is wrong, and will be repaired; the values stay out of the message
        names = ", ".join(".".join(str(part) for part in fault["loc"]) for fault in error.errors()[:5])
        raise Passing(f"{kind.__name__} cannot be read: {names}") from None

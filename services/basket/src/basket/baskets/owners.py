"""Whose a basket is: a guest's, who holds its token, or a member's."""

import hashlib
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from uuid import UUID, uuid4

from basket.baskets.errors import BasketNotFound
from basket.baskets.record import publish
from basket.database import transaction
from basket.models import Basket, Status

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a member by a verified access token, the holder of a guest's token, or both."""

    shopper_id: UUID | None
    token_hash: bytes | None

    def owns(self, basket: Basket) -> bool:
        if basket.token_hash is not None:
            return self.token_hash is not None and compare_digest(self.token_hash, basket.token_hash)
        return self.shopper_id is not None and self.shopper_id == basket.shopper_id


def hash_of(token: str) -> bytes:
    """Of 32 random bytes: nothing can be guessed back, so that no slow hash is needed. A token that was made
    up may be no text at all; Sanic hands its bytes on as lone surrogates.
    """
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


async def find(basket_id: UUID, caller: Caller) -> Basket:
    basket = await Basket.get_or_none(id=basket_id)
    if basket is None or not caller.owns(basket):
        raise BasketNotFound
    return basket


async def open_for_guest(currency: str) -> tuple[Basket, str]:
    """The basket and its token, which is told this once and not kept."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    async with transaction() as connection:
        basket = await Basket.create(
            id=uuid4(), token_hash=hash_of(token), status=Status.OPEN, currency=currency, version=1
        )
        await publish(connection, [basket])
    return basket, token


async def open_for_member(shopper_id: UUID, currency: str) -> tuple[Basket, bool]:
    """The member's open basket, and whether it was made now. Of several requests at once one makes it."""
    while (basket := await Basket.get_or_none(shopper_id=shopper_id, status=Status.OPEN)) is None:
        async with transaction() as connection:
            new = Basket(id=uuid4(), shopper_id=shopper_id, status=Status.OPEN, currency=currency, version=1)
            await Basket.bulk_create([new], ignore_conflicts=True)
            if await Basket.exists(id=new.id):
                await publish(connection, [new])
                return new, True
    return basket, False

"""`POST /api/orders` behind the route: one statement when all is well, and the way to a clear answer when it
is not.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from bazaar_shared.telemetry import current_traceparent
from orders.checkout.baskets import Baskets
from orders.checkout.errors import BasketAway, BasketOrdered, CheckoutRefused, InvalidField, KeyReused
from orders.checkout.prices import explain
from orders.checkout.request import BasketVersion, Line, PlaceOrder
from orders.domain.order import Status
from orders.events.outgoing import order_event
from orders.metrics import ACCEPTED

ROUTE = "POST /api/orders"
PLACE_ORDER = (files("orders.checkout") / "place_order.sql").read_text("utf-8")

# the key again, in a transaction that is always rolled back: waits for a twin that is being stored
_PROBE = """
insert into idempotency_key (subject, route, key, body_hash, order_id)
values ($1, $2, $3, $4, $5) on conflict do nothing returning true
"""
_FIND_KEY = "select body_hash, order_id from idempotency_key where subject = $1 and route = $2 and key = $3"
_ORDER_OF_BASKET = """
select id from orders
where basket_id = $1 and shopper_id = $2 and status <> 'cancelled'
"""
_ONE_ORDER_A_BASKET = "orders_living_basket"
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Placed:
    """A new order: what the statement found out, beside what was asked."""

    order_id: UUID
    created_at: datetime
    tax_minor: int
    lines: list[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class PlacedBefore:
    """The key was used for the same body: the answer is the one of this order as it was placed."""

    order_id: UUID


@dataclass(frozen=True, slots=True)
class _Asked:
    subject: str
    key: str
    body: PlaceOrder
    body_hash: bytes
    # the body's own, or what the basket holds
    lines: Sequence[Line]

    @property
    def basket_id(self) -> UUID | None:
        return self.body.basket.id if self.body.basket else None

    @property
    def basket_version(self) -> int | None:
        return self.body.basket.version if self.body.basket else None


class Checkout:
    def __init__(self, pool: asyncpg.Pool, baskets: Baskets, currency: str, deadline_seconds: float) -> None:
        self._pool = pool
        self._baskets = baskets
        self._currency = currency
        self._deadline = deadline_seconds

    async def place(self, subject: str, key: str, body: PlaceOrder, token: str) -> Placed | PlacedBefore:
        """`token` is the shopper's own, verified already: their basket is theirs to see, not ours."""
        body_hash = hashlib.sha256(body.canonical()).digest()
        asked = _Asked(subject, key, body, body_hash, body.lines or ())
        if body.basket is not None:
            filled = await self._with_basket(asked, body.basket, token)
            if isinstance(filled, PlacedBefore):
                return filled
            asked = filled
        for _ in range(_ATTEMPTS):
            placed = await self._store(asked) if body.currency == self._currency else None
            if placed is not None:
                ACCEPTED.inc()
                return placed
            if (before := await self._settle(asked)) is not None:
                return before
        # prices changed under each of the attempts: rarer than a database that is away, and answered alike
        raise TimeoutError("the prices would not hold still")

    async def _with_basket(self, asked: _Asked, basket: BasketVersion, token: str) -> _Asked | PlacedBefore:
        """A repeat is answered without the basket: it may be closed by its own order, or away."""
        if (before := await self._first_answer(self._pool, asked)) is not None:
            return before
        try:
            return replace(asked, lines=await self._baskets.lines(basket, token))
        except (CheckoutRefused, BasketAway):
            # a twin may have been stored, and may have closed the basket, while this one asked
            async with self._pool.acquire() as connection:
                if (before := await self._stored_before(connection, asked)) is not None:
                    return before
            raise

    async def _store(self, asked: _Asked) -> Placed | None:
        order_id = uuid4()
        try:
            row = await self._pool.fetchrow(PLACE_ORDER, *self._parameters(order_id, asked))
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != _ONE_ORDER_A_BASKET:
                raise
            row = None
        if row is None:
            return None
        return Placed(order_id, row["created_at"], row["tax_minor"], orjson.loads(row["lines"]))

    def _parameters(self, order_id: UUID, asked: _Asked) -> tuple[object, ...]:
        """As place_order.sql numbers them."""
        body = asked.body
        return (
            order_id,
            asked.subject,
            ROUTE,
            asked.key,
            asked.body_hash,
            [line.product_id for line in asked.lines],
            [line.quantity for line in asked.lines],
            body.expected_total_minor,
            body.currency,
            body.delivery_address.model_dump_json(),
            body.payment_token,
            self._deadline,
            current_traceparent(),
            _envelope(order_id, asked),
            asked.basket_id,
            asked.basket_version,
        )

    async def _settle(self, asked: _Asked) -> PlacedBefore | None:
        """Why nothing was stored: the key's first answer, or a refusal raised. None: nothing is wrong any
        more.
        """
        async with self._pool.acquire() as connection:
            if (before := await self._stored_before(connection, asked)) is not None:
                return before
            if asked.body.currency != self._currency:
                message = f"this market sells in {self._currency}"
                raise InvalidField("currency", "unknown_currency", message)
            await explain(connection, asked.body, asked.lines)
            return None

    async def _stored_before(self, connection: Any, asked: _Asked) -> PlacedBefore | None:
        """Under this key; or, raised, of this basket under another one."""
        if not await self._key_is_free(connection, asked):
            before = await self._first_answer(connection, asked)
            # None: the twin was refused and took its key back
            if before is not None:
                return before
        if asked.basket_id is not None:
            order_id = await connection.fetchval(_ORDER_OF_BASKET, asked.basket_id, asked.subject)
            if order_id is not None:
                raise BasketOrdered(asked.basket_id, order_id)
        return None

    async def _key_is_free(self, connection: Any, asked: _Asked) -> bool:
        transaction = connection.transaction()
        await transaction.start()
        try:
            mine = await connection.fetchval(
                _PROBE, asked.subject, ROUTE, asked.key, asked.body_hash, uuid4()
            )
        finally:
            await transaction.rollback()
        return bool(mine)

    async def _first_answer(self, connection: Any, asked: _Asked) -> PlacedBefore | None:
        record = await connection.fetchrow(_FIND_KEY, asked.subject, ROUTE, asked.key)
        if record is None:
            return None
        if record["body_hash"] != asked.body_hash:
            raise KeyReused
        return PlacedBefore(record["order_id"])


def _envelope(order_id: UUID, asked: _Asked) -> str:
    """The event as told elsewhere; the lines' prices are known to the statement, which puts the lines in."""
    event = order_event(
        order_id=order_id,
        status=Status.PENDING,
        reason=None,
        shopper_id=asked.subject,
        # it is stored only if this is the total
        total_minor=asked.body.expected_total_minor,
        currency=asked.body.currency,
        version=1,
        basket_id=asked.basket_id,
        basket_version=asked.basket_version,
        lines=(),
    )
    return orjson.dumps(event.to_dict()).decode()

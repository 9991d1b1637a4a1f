"""The tables. `outbox` and `inbox` are the shared library's: they have no model, the migration creates them
as its DDL says.
"""

from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

MAX_QUANTITY = 99
MAX_LINES = 50


class Status(StrEnum):
    OPEN = "open"
    CHECKED_OUT = "checked_out"
    MERGED = "merged"
    EXPIRED = "expired"


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    QUANTITY_CHANGED = "quantity_changed"
    PRICE_CHANGED = "price_changed"
    UNAVAILABLE = "unavailable"
    AVAILABLE = "available"


class Product(Model):
    """The read model of the catalog: one row a product, guarded by its version. Rows are never deleted."""

    id = fields.UUIDField(primary_key=True)
    seller_id = fields.UUIDField()
    seller_slug = fields.TextField()
    name = fields.TextField()
    category = fields.TextField()
    picture_url = fields.TextField(null=True)
    price_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    tax_rate_bp = fields.IntField()
    status = fields.TextField()
    version = fields.BigIntField()

    class Meta:
        table = "product"

    def sold_in(self, currency: str) -> bool:
        return self.status == "active" and self.currency == currency


class Stock(Model):
    """The read model of the inventory.

    Apart from `product`: stock may be told before its product, and its many events then wait for nobody who
    reads a price.
    """

    product_id = fields.UUIDField(primary_key=True)
    available = fields.BigIntField()
    version = fields.BigIntField()

    class Meta:
        table = "stock"


class Basket(Model):
    """A guest's (`token_hash`) or a member's (`shopper_id`). Changed by `baskets.record` only."""

    id = fields.UUIDField(primary_key=True)
    shopper_id = fields.UUIDField(null=True)
    token_hash = fields.BinaryField(null=True)
    status = fields.CharEnumField(Status, max_length=16)
    currency = fields.CharField(max_length=3)
    version = fields.BigIntField()
    order_id = fields.UUIDField(null=True)
    merged_into: fields.ForeignKeyNullableRelation["Basket"] = fields.ForeignKeyField(
        "basket.Basket", related_name="merged", null=True, on_delete=fields.OnDelete.SET_NULL, db_index=True
    )
    merged_into_id: UUID | None
    left_out: list[dict[str, Any]] = fields.JSONField(default=list)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now_add=True)
    # by its owner; `updated_at` moves with a price as well, and that must not keep a forgotten basket alive
    touched_at = fields.DatetimeField(auto_now_add=True)

    lines: fields.ReverseRelation["BasketLine"]

    class Meta:
        table = "basket"
        constraints = (
            UniqueConstraint(fields=("shopper_id",), name="one_open_basket", condition="status = 'open'"),
            CheckConstraint(
                check="(shopper_id is null) <> (token_hash is null)", name="of_a_guest_or_a_member"
            ),
            CheckConstraint(check="version >= 1", name="version_from_one"),
        )
        indexes = (
            # `shopper_id is null` is a prefix of it: the guests' open baskets, the longest forgotten first
            PartialIndex(
                fields=("shopper_id", "touched_at"), name="basket_open_idle", condition={"status": "open"}
            ),
            Index(fields=("status", "updated_at"), name="basket_ended"),
        )

    @property
    def is_open(self) -> bool:
        return self.status is Status.OPEN

    @property
    def is_guests(self) -> bool:
        return self.shopper_id is None


class BasketLine(Model):
    id = fields.BigIntField(primary_key=True)
    basket: fields.ForeignKeyRelation[Basket] = fields.ForeignKeyField(
        "basket.Basket", related_name="lines", on_delete=fields.OnDelete.CASCADE, db_index=False
    )
    basket_id: UUID
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "basket.Product", related_name="lines", on_delete=fields.OnDelete.RESTRICT, db_index=True
    )
    product_id: UUID
    quantity = fields.SmallIntField()
    # what the shopper saw when they last set this line
    added_price_minor = fields.BigIntField()

    class Meta:
        table = "basket_line"
        ordering = ("id",)
        constraints = (
            UniqueConstraint(fields=("basket_id", "product_id"), name="one_line_a_product"),
            CheckConstraint(check=f"quantity between 1 and {MAX_QUANTITY}", name="quantity_1_to_99"),
        )


class BasketChange(Model):
    """What happened to a basket, for `?since=`; forgotten after a while."""

    id = fields.BigIntField(primary_key=True)
    basket: fields.ForeignKeyRelation[Basket] = fields.ForeignKeyField(
        "basket.Basket", related_name="changes", on_delete=fields.OnDelete.CASCADE, db_index=False
    )
    basket_id: UUID
    version = fields.BigIntField()
    kind = fields.CharEnumField(ChangeKind, max_length=20)
    product_id = fields.UUIDField()
    name = fields.TextField()
    was = fields.BigIntField(null=True)
    now = fields.BigIntField(null=True)
    at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "basket_change"
        ordering = ("id",)
        indexes = (
            Index(fields=("basket_id", "version"), name="change_of_basket"),
            Index(fields=("at",), name="change_at"),
        )


class Purchase(Model):
    """An order that a basket was told of.

    `confirmed` comes again when a refund was refused, and must not take the bought quantities out twice.
    """

    order_id = fields.UUIDField(primary_key=True)
    basket: fields.ForeignKeyRelation[Basket] = fields.ForeignKeyField(
        "basket.Basket", related_name="purchases", on_delete=fields.OnDelete.CASCADE, db_index=True
    )
    basket_id: UUID
    at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "purchase"

"""What the other services answer, as far as it is needed here."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Account(_Answer):
    id: UUID
    email: str
    display_name: str | None = None


class Address(_Answer):
    name: str
    line1: str
    line2: str | None = None
    postal_code: str
    city: str
    country: str

    @property
    def rows(self) -> list[str]:
        town = f"{self.postal_code} {self.city}"
        return [row for row in (self.name, self.line1, self.line2, town, self.country) if row]


class OrderLine(_Answer):
    product_id: UUID
    seller_id: UUID
    name: str
    quantity: int
    unit_price_minor: int
    tax_rate_bp: int
    line_total_minor: int


class Parcel(_Answer):
    seller_id: UUID
    status: str
    tracking_code: str


class Order(_Answer):
    id: UUID
    status: str
    reason: str | None = None
    lines: Annotated[list[OrderLine], Field(min_length=1)]
    total_minor: int
    tax_minor: int
    discount_minor: int = 0
    currency: str
    delivery_address: Address
    parcels: list[Parcel] = []
    created_at: datetime

    @property
    def number(self) -> str:
        """Short enough to be said on the telephone."""
        return str(self.id).split("-", 1)[0].upper()


class Seller(_Answer):
    id: UUID
    slug: str
    name: str


class Product(_Answer):
    id: UUID
    name: str
    seller: Seller
    price_minor: int
    currency: str
    picture_url: str | None = None

    @property
    def picture(self) -> str | None:
        """The picture's own name: catalog makes it from the bytes, so another picture has another one."""
        return self.picture_url.rpartition("/")[2] if self.picture_url else None


class Staff(_Answer):
    seller_id: UUID
    account_id: UUID


class Listed[T](BaseModel):
    items: list[T]

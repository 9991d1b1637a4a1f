"""Loads what demo/market.yaml has and the catalog has not, by everybody's verbs; again, and nothing changes.

What sellers have made of their stalls since stays theirs; `reset` brings it back to what the file says.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import yaml
from django.db import transaction

from catalog.accounts.models import User
from catalog.products.models import Category, Picture, Product
from catalog.products.pictures import clean
from catalog.products.querysets import ProductDraft
from catalog.sellers.models import Seller, SellerStaff

ACTOR = "seed"
SVG = "image/svg+xml"


@dataclass(frozen=True)
class Market:
    """The market file and the folder that its pictures are named from."""

    folder: Path
    accounts: list[dict[str, Any]]
    categories: list[dict[str, Any]]
    sellers: list[dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> Self:
        document = yaml.safe_load((folder / "market.yaml").read_bytes())
        return cls(folder, document["accounts"], document["categories"], document["sellers"])

    def picture(self, name: str) -> tuple[bytes, str]:
        return clean((self.folder / name).read_bytes(), SVG), SVG


@dataclass(frozen=True)
class Seeded:
    introduced: int
    changed: int


@transaction.atomic
def seed(market: Market, *, reset: bool = False) -> Seeded:
    categories = _categories(market, reset=reset)
    sellers = {seller["id"]: _seller(seller, reset=reset) for seller in market.sellers}
    _staff(market, sellers)
    drafts = list(_drafts(market, categories, sellers, _pictures(market)))
    known = set(Product.objects.filter(pk__in=[draft.id for draft in drafts]).values_list("pk", flat=True))
    theirs = {draft.id: _fields(draft) for draft in drafts if reset and draft.id in known}
    changed = Product.objects.revise_each(theirs, by=ACTOR)
    introduced = Product.objects.introduce([draft for draft in drafts if draft.id not in known], by=ACTOR)
    return Seeded(len(introduced), len(changed))


def _categories(market: Market, *, reset: bool) -> dict[str, Category]:
    for wanted in market.categories:
        category, _ = Category.objects.update_or_create(
            slug=wanted["slug"],
            defaults={"name": wanted["name"]} if reset else {},
            create_defaults={"name": wanted["name"], "tax_rate_bp": wanted["tax_rate_bp"]},
        )
        if reset and category.tax_rate_bp != wanted["tax_rate_bp"]:
            Product.objects.tax(category, wanted["tax_rate_bp"], by=ACTOR)
    return {category.slug: category for category in Category.objects.all()}


def _seller(wanted: dict[str, Any], *, reset: bool) -> Seller:
    texts = {name: wanted.get(name, "") for name in ("name", "tagline", "description")}
    seller, _ = Seller.objects.update_or_create(
        id=UUID(wanted["id"]),
        defaults=texts if reset else {},
        create_defaults={"slug": wanted["slug"], **texts},
    )
    return seller


def _staff(market: Market, sellers: dict[str, Seller]) -> None:
    """An account of the back office for each operator and for each one who works in a stall."""
    accounts = {account["email"]: account for account in market.accounts}
    for account in market.accounts:
        if "operator" in account["roles"]:
            _user(account, is_superuser=True)
    for wanted in market.sellers:
        for email in wanted["staff"]:
            user = _user(accounts[email], is_superuser=False)
            SellerStaff.objects.get_or_create(seller=sellers[wanted["id"]], user=user)


def _user(account: dict[str, Any], *, is_superuser: bool) -> User:
    user, created = User.objects.get_or_create(
        email=account["email"],
        defaults={
            "username": account["email"],
            "first_name": account["display_name"],
            "account_id": UUID(account["id"]),
            "is_staff": True,
            "is_superuser": is_superuser,
        },
    )
    if created:  # somebody may have chosen a better password since
        user.set_password(account["password"])
        user.save(update_fields=["password"])
    return user


def _pictures(market: Market) -> dict[str, Picture]:
    names = [
        product["picture"]
        for seller in market.sellers
        for product in seller["products"]
        if product.get("picture")
    ]
    kept = Picture.objects.keep_all(market.picture(name) for name in names)
    return dict(zip(names, kept, strict=True))


def _drafts(
    market: Market, categories: dict[str, Category], sellers: dict[str, Seller], pictures: dict[str, Picture]
) -> Iterable[ProductDraft]:
    for seller in market.sellers:
        for product in seller["products"]:
            yield ProductDraft(
                id=UUID(product["id"]),
                seller=sellers[seller["id"]],
                category=categories[product["category"]],
                sku=product["sku"],
                slug=product["slug"],
                name=product["name"],
                description=product["description"],
                price_minor=product["price_minor"],
                picture=pictures.get(product.get("picture", "")),
            )


def _fields(draft: ProductDraft) -> dict[str, Any]:
    return {
        "slug": draft.slug,
        "name": draft.name,
        "description": draft.description,
        "category": draft.category,
        "price_minor": draft.price_minor,
        "picture": draft.picture,
        "status": Product.Status.ACTIVE,
    }

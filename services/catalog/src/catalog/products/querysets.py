"""The verbs that read and change products.

Each changing verb is one transaction: it locks the rows in the order of their keys, gives each row that
really changed its next version, writes the price history and leaves one event for each changed product in the
outbox. The number of statements does not depend on the number of products.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, NoReturn, Self
from uuid import UUID, uuid4

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection, models, transaction
from django.db.models import F, FloatField
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from catalog.events.models import OutboxMessage
from catalog.products.events import PRODUCT_TOPIC, state_of
from catalog.products.models.category import Category
from catalog.products.models.picture import Picture
from catalog.products.models.price_change import PriceChange
from catalog.ratings.rating import PRIOR_SCORE
from catalog.sellers.models import Seller

if TYPE_CHECKING:
    from catalog.accounts.models import User
    from catalog.products.models import Product

# what an event tells or a reader sees; `version` and `updated_at` follow from a change of these
CHANGEABLE = ("name", "description", "price_minor", "category_id", "status", "picture_id", "slug")

# no row, no reviews: the score that a product begins with
SCORE = Coalesce("tally__score", PRIOR_SCORE)


class DirectWriteRefused(RuntimeError):
    def __init__(self, method: str) -> None:
        super().__init__(
            f"{method}() would change products without version and event: use a verb of ProductQuerySet"
        )


class VersionConflict(Exception):
    """Somebody else changed the product since the caller read it."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"version {expected} was expected, it is {actual}")
        self.expected, self.actual = expected, actual


@dataclass(frozen=True, kw_only=True)
class ProductDraft:
    """A product as somebody wants to introduce it."""

    seller: Seller
    category: Category
    sku: str
    slug: str
    name: str
    price_minor: int
    description: str = ""
    picture: Picture | None = None
    id: UUID | None = None


def _refused(method: str) -> Callable[..., NoReturn]:
    def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise DirectWriteRefused(method)

    return refuse


class ProductQuerySet(models.QuerySet["Product"]):
    # -- reading ----------------------------------------------------------------------------------------

    def on_sale(self) -> Self:
        return self.filter(status=self.model.Status.ACTIVE)

    def staffed_by(self, user: "User") -> Self:
        """The products somebody may work on: an operator on all of them."""
        return self if user.is_operator else self.filter(seller_id__in=user.stall_ids)

    def in_stock(self) -> Self:
        return self.filter(availability__available__gt=0)

    def complete(self) -> Self:
        """With all that a reader is shown; anything else that would cost a query per row raises instead."""
        return (
            self.select_related("seller", "category", "availability", "tally")
            .defer("search")
            .fetch_mode(models.FETCH_RAISE)
        )

    def matching(self, text: str) -> Self:
        """Full-text search as people type it ("quoted", -without); a cursor can hold `rank`, a double."""
        query = SearchQuery(text, search_type="websearch", config="english")
        rank = Cast(SearchRank(F("search"), query), FloatField())
        return self.filter(search=query).annotate(rank=rank)

    def scored(self) -> Self:
        """With `score`, which orders by rating: also what nobody rated has one, so a cursor can hold it."""
        return self.annotate(score=SCORE)

    # -- changing ---------------------------------------------------------------------------------------

    @transaction.atomic
    def introduce(self, drafts: Iterable[ProductDraft], *, by: str) -> list["Product"]:
        now = timezone.now()
        products = [
            self.model(
                id=draft.id or uuid4(), seller=draft.seller, category=draft.category, sku=draft.sku,
                slug=draft.slug, name=draft.name, description=draft.description,
                price_minor=draft.price_minor, picture=draft.picture, created_at=now, updated_at=now,
            )
            for draft in drafts
        ]  # fmt: skip
        self._plain().bulk_create(products)
        self._tell(products, repriced=products, by=by)
        return products

    def revise(self, *, by: str, expected_version: int | None = None, **changes: Any) -> list["Product"]:
        """Set fields by name; raises VersionConflict, under the lock, if it is not as the caller saw it."""

        def apply(product: "Product") -> None:
            if expected_version is not None and product.version != expected_version:
                raise VersionConflict(expected_version, product.version)
            for name, value in changes.items():
                setattr(product, name, value)

        return self._change(apply, by=by)

    def revise_each(self, changes: Mapping[UUID, Mapping[str, Any]], *, by: str) -> list["Product"]:
        """Other values for each product, in as many statements as for one."""

        def apply(product: "Product") -> None:
            for name, value in changes[product.pk].items():
                setattr(product, name, value)

        return self.filter(pk__in=changes.keys())._change(apply, by=by)

    def reprice_by(self, percent: Decimal, *, by: str) -> list["Product"]:
        """Change the prices of that moment by a percentage, rounded half up, never below one minor unit."""

        def apply(product: "Product") -> None:
            product.price_minor = repriced(product.price_minor, percent)

        return self._change(apply, by=by)

    def recategorise(self, category: Category, *, by: str) -> list["Product"]:
        return self.revise(by=by, category=category)

    def archive(self, *, by: str, expected_version: int | None = None) -> list["Product"]:
        return self.revise(by=by, expected_version=expected_version, status=self.model.Status.ARCHIVED)

    def reactivate(self, *, by: str) -> list["Product"]:
        return self.revise(by=by, status=self.model.Status.ACTIVE)

    @transaction.atomic
    def tax(self, category: Category, rate_bp: int, *, by: str) -> list["Product"]:
        """Set a category's tax rate: its products tell it in their events, so each gets its next version."""
        with connection.cursor() as cursor:
            # waits for the changes under way and holds back new ones: none may tell the old rate after this
            cursor.execute(f"LOCK TABLE {self.model._meta.db_table} IN EXCLUSIVE MODE")
        if (
            not Category.objects.filter(pk=category.pk)
            .exclude(tax_rate_bp=rate_bp)
            .update(tax_rate_bp=rate_bp)
        ):
            return []
        return self.filter(category=category)._change(lambda _product: None, by=by, always=True)

    # -- how a change is made ---------------------------------------------------------------------------

    @transaction.atomic
    def _change(
        self, apply: Callable[["Product"], None], *, by: str, always: bool = False
    ) -> list["Product"]:
        # ordered by pk: two bulk changes of the same products can't deadlock
        locked = self.order_by("pk").select_related("seller").select_for_update(of=("self",))
        now, touched = timezone.now(), set[str]()
        changed, repriced = list["Product"](), list["Product"]()
        for product in locked:
            before = _state(product)
            apply(product)
            differing = {name for name, value in _state(product).items() if value != before[name]}
            if not (differing or always):
                continue
            touched |= differing
            product.version += 1
            product.updated_at = now
            changed.append(product)
            if "price_minor" in differing:
                repriced.append(product)
        if changed:
            fields = [name.removesuffix("_id") for name in sorted(touched)]
            self._plain().bulk_update(changed, [*fields, "version", "updated_at"], batch_size=500)
            self._tell(changed, repriced=repriced, by=by)
        return changed

    def _tell(self, changed: list["Product"], *, repriced: list["Product"], by: str) -> None:
        PriceChange.objects.bulk_create(
            PriceChange(
                product=product, version=product.version, price_minor=product.price_minor,
                changed_at=product.updated_at, changed_by=by,
            )
            for product in repriced
        )  # fmt: skip
        # read only now, after the products' locks: see tax()
        categories = Category.objects.in_bulk({product.category_id for product in changed})
        for product in changed:
            product.category = categories[product.category_id]
        OutboxMessage.objects.publish(PRODUCT_TOPIC, map(state_of, changed))

    def _plain(self) -> models.QuerySet["Product"]:
        """The unguarded query set: only the verbs above may write rows directly."""
        return models.QuerySet(self.model, using=self.db)

    create = get_or_create = update_or_create = _refused("create")
    bulk_create = _refused("bulk_create")
    update = _refused("update")
    bulk_update = _refused("bulk_update")
    delete = _refused("delete")


def _state(product: "Product") -> dict[str, Any]:
    return {name: getattr(product, name) for name in CHANGEABLE}


def repriced(price_minor: int, percent: Decimal) -> int:
    exact = Decimal(price_minor) * (100 + percent) / 100
    return max(1, int(exact.quantize(Decimal(1), ROUND_HALF_UP)))

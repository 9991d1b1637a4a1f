from typing import Any, NoReturn
from uuid import uuid4

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from catalog.products.models.category import Category
from catalog.products.models.picture import Picture
from catalog.products.querysets import DirectWriteRefused, ProductQuerySet
from catalog.ratings.rating import Rating
from catalog.sellers.models import Seller

MAX_PRICE_MINOR = 100_000_000


class Product(models.Model):
    class Status(models.TextChoices):
        ACTIVE = "active", "on sale"
        ARCHIVED = "archived", "archived"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="products")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    sku = models.CharField("SKU", max_length=60)
    slug = models.SlugField(max_length=120, db_index=False)  # the constraint below has an index
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=10_000)
    price_minor = models.PositiveIntegerField(
        "price",
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PRICE_MINOR)],
        help_text="In minor units: 1250 is 12.50.",
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    picture = models.ForeignKey(
        Picture, on_delete=models.PROTECT, null=True, blank=True, related_name="products", editable=False
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    # kept by PostgreSQL itself: no trigger, no signal, and no bulk update that forgets it
    search = models.GeneratedField(
        expression=SearchVector("name", weight="A", config="english")
        + SearchVector("description", weight="B", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=["seller", "sku"], name="sku_is_unique_in_a_stall"),
            models.UniqueConstraint(fields=["seller", "slug"], name="slug_is_unique_in_a_stall"),
            models.CheckConstraint(
                condition=Q(price_minor__gte=1, price_minor__lte=MAX_PRICE_MINOR), name="price_is_sane"
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="version_counts_from_one"),
            models.CheckConstraint(condition=Q(status__in=["active", "archived"]), name="status_is_known"),
        )
        indexes = (
            GinIndex(fields=["search"], name="product_search"),
            # one for each ordering of the public list, with the tie-breaker that its cursor uses
            models.Index(fields=["name", "id"], name="on_sale_by_name", condition=Q(status="active")),
            models.Index(fields=["price_minor", "id"], name="on_sale_by_price", condition=Q(status="active")),
            models.Index(fields=["created_at", "id"], name="on_sale_by_age", condition=Q(status="active")),
        )

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: a saved row would have no version, no price history and no event."""
        raise DirectWriteRefused("save")

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: orders refer to products, so they are archived."""
        raise DirectWriteRefused("delete")

    @property
    def picture_url(self) -> str | None:
        return reverse("picture", args=[self.picture_id]) if self.picture_id else None

    @property
    def available(self) -> int | None:
        """What inventory last said, None until it said anything."""
        known = getattr(self, "availability", None)
        return known.available if known else None

    @property
    def rating(self) -> Rating:
        """What its published reviews come to: a read model, so no part of the product's version."""
        known = getattr(self, "tally", None)
        return Rating(known.count, known.sum) if known else Rating()

from typing import Any, ClassVar

from django.conf import settings
from rest_framework import serializers

from catalog.products.models import MAX_PRICE_MINOR, Category, PriceChange, Product
from catalog.ratings.rating import Rating
from catalog.sellers.models import Seller
from catalog.sellers.serializers import SellerRef
from catalog.web.fields import MinorUnits, StrictFields, StrictText


class CategorySerializer(serializers.ModelSerializer[Category]):
    class Meta:
        model = Category
        fields: ClassVar = ["slug", "name", "tax_rate_bp"]


class CategoryRef(serializers.ModelSerializer[Category]):
    class Meta:
        model = Category
        fields: ClassVar = ["slug", "name"]


class RatingSerializer(serializers.Serializer[Rating]):
    """The stars of the published reviews, as far as reviews told of them."""

    count = serializers.IntegerField(min_value=0)
    average = serializers.FloatField(
        allow_null=True, min_value=1, max_value=5, help_text="Of two decimals; null without any review."
    )


class ProductSerializer(serializers.ModelSerializer[Product]):
    """A product as readers see it."""

    seller = SellerRef()
    category = CategoryRef()
    currency = serializers.SerializerMethodField()
    tax_rate_bp = serializers.IntegerField(source="category.tax_rate_bp")
    picture_url = serializers.CharField(allow_null=True)
    available = serializers.IntegerField(
        allow_null=True, help_text="What inventory last said; it may lag behind."
    )

    rating = RatingSerializer()

    class Meta:
        model = Product
        fields: ClassVar = [
            "id", "sku", "slug", "name", "description", "seller", "category", "price_minor", "currency",
            "tax_rate_bp", "picture_url", "available", "rating", "status", "version", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_currency(self, product: Product) -> str:
        return settings.MARKET_CURRENCY


class PriceChangeSerializer(serializers.ModelSerializer[PriceChange]):
    """Who changed it is shown in the back office only."""

    currency = serializers.SerializerMethodField()

    class Meta:
        model = PriceChange
        fields: ClassVar = ["version", "price_minor", "currency", "changed_at"]

    def get_currency(self, change: PriceChange) -> str:
        return settings.MARKET_CURRENCY


class SlugReference(serializers.SlugRelatedField[Any]):
    """Another row by its slug, which must be text: a list is no slug, and no database error either."""

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="slug", **options)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or "\x00" in data:
            self.fail("invalid")
        return super().to_internal_value(data)


class ProductChanges(StrictFields):
    """What PATCH takes. A seller, a SKU and a slug are for ever; pictures have an address of their own."""

    name = StrictText(max_length=200)
    description = StrictText(max_length=10_000, allow_blank=True, required=False, default="")
    category = SlugReference(queryset=Category.objects.all())
    price_minor = MinorUnits(min_value=1, max_value=MAX_PRICE_MINOR)
    status = serializers.ChoiceField(choices=Product.Status.choices, required=False)


class NewProduct(ProductChanges):
    """What POST takes."""

    seller = SlugReference(queryset=Seller.objects.all())
    sku = serializers.RegexField(r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=60)
    slug = serializers.SlugField(max_length=120)
    status = None  # type: ignore[assignment] # a new product is on sale

"""The query parameters of the public lists, and the orderings that they may ask for."""

from typing import Any, Final

from rest_framework import serializers

from catalog.products.models import Product
from catalog.products.querysets import ProductQuerySet
from catalog.web.fields import Ids
from catalog.web.pagination import Ordering, PageQuery, Query, read_integer, read_number, read_text, read_time

MAX_BATCH = 100

ORDERINGS: Final = {
    "name": Ordering("name", "name", read_text),
    "-name": Ordering("-name", "name", read_text, descending=True),
    "price": Ordering("price", "price_minor", read_integer),
    "-price": Ordering("-price", "price_minor", read_integer, descending=True),
    "newest": Ordering("newest", "created_at", read_time, descending=True),
    "-rating": Ordering("-rating", "score", read_number, descending=True),
    "relevance": Ordering("relevance", "rank", read_number, descending=True),
}


class ProductQuery(PageQuery):
    search = serializers.CharField(max_length=200, required=False, allow_blank=True)
    category = serializers.SlugField(required=False)
    seller = serializers.SlugField(required=False)
    min_price_minor = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    max_price_minor = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    in_stock = serializers.BooleanField(required=False, allow_null=True, default=None)
    ordering = serializers.ChoiceField(choices=list(ORDERINGS), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        searching = bool(attrs.get("search"))
        attrs.setdefault("ordering", "relevance" if searching else "name")
        if attrs["ordering"] == "relevance" and not searching:
            raise serializers.ValidationError(
                {"ordering": ["Relevance needs a search."]}, code="needs_search"
            )
        return attrs


def found(query: dict[str, Any]) -> tuple[ProductQuerySet, Ordering]:
    products = Product.objects.on_sale().complete()
    if query.get("search"):
        products = products.matching(query["search"])
    if query["ordering"] == "-rating":
        products = products.scored()
    wanted = {
        "category__slug": query.get("category"),
        "seller__slug": query.get("seller"),
        "price_minor__gte": query.get("min_price_minor"),
        "price_minor__lte": query.get("max_price_minor"),
    }
    products = products.filter(**{name: value for name, value in wanted.items() if value is not None})
    if query["in_stock"] is not None:
        products = (
            products.in_stock() if query["in_stock"] else products.exclude(availability__available__gt=0)
        )
    return products, ORDERINGS[query["ordering"]]


class BatchQuery(Query):
    ids = Ids(at_most=MAX_BATCH)

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.http import HttpRequest

from catalog.products.querysets import ProductQuerySet


class StockFilter(SimpleListFilter):
    title = "stock"
    parameter_name = "stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("in", "in stock"), ("out", "sold out"), ("unknown", "not known yet")]

    def queryset(self, request: HttpRequest, queryset: ProductQuerySet) -> ProductQuerySet:  # type: ignore[override]
        match self.value():
            case "in":
                return queryset.in_stock()
            case "out":
                return queryset.filter(availability__available__lte=0)
            case "unknown":
                return queryset.filter(availability=None)
            case _:
                return queryset

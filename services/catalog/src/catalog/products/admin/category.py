from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from catalog.backoffice.scoping import worker
from catalog.products.models import Category, Product


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin[Category]):
    """Operators only, by Django's own permissions."""

    list_display = ("name", "slug", "tax_rate")
    search_fields = ("name", "slug")
    show_full_result_count = False

    @admin.display(description="tax rate", ordering="tax_rate_bp")
    def tax_rate(self, category: Category) -> str:
        return f"{category.tax_rate_bp / 100:g} %"

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()  # it is in every product's event and in addresses

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        if not change:
            obj.save()
            return
        Category.objects.filter(pk=obj.pk).update(name=obj.name)
        Product.objects.tax(obj, obj.tax_rate_bp, by=worker(request).actor)

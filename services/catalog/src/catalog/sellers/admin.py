from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest

from catalog.backoffice.scoping import StallScopedAdmin, worker, works_here
from catalog.sellers.models import Seller, SellerStaff


class StaffInline(admin.TabularInline[SellerStaff, Seller]):
    """Operators say who works where: Django's own permissions, which nobody else has."""

    model = SellerStaff
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Seller)
class SellerAdmin(StallScopedAdmin):
    list_display = ("name", "slug", "tagline")
    search_fields = ("name", "slug")
    fields = ("name", "slug", "tagline", "description")
    inlines = (StaffInline,)

    def seller_id_of(self, obj: Seller) -> UUID:
        return obj.pk

    def has_add_permission(self, request: HttpRequest) -> bool:
        return works_here(request) and worker(request).is_operator

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()  # it is in every product's event and in addresses

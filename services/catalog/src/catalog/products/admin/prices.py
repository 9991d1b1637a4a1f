from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.http import HttpRequest

from catalog.accounts.models import User
from catalog.products.models import PriceChange, Product
from catalog.products.money import shown


class PriceHistoryInline(admin.TabularInline[PriceChange, Product]):
    """Read only, the latest first."""

    model = PriceChange
    verbose_name_plural = "price history"
    fields = readonly_fields = ("changed_at", "price", "who")
    can_delete = False
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceChange]:
        """With the name of who did it: history keeps the account, and an account can lose its name."""
        name = (
            User.objects.exclude(first_name="")
            .annotate(
                told=Concat(Value("account:"), Cast("account_id", TextField()), output_field=TextField())
            )
            .filter(told=OuterRef("changed_by"))
            .values("first_name")
        )
        return super().get_queryset(request).annotate(who=Coalesce(Subquery(name), "changed_by"))

    @admin.display
    def price(self, change: PriceChange) -> str:
        return shown(change.price_minor)

    @admin.display(description="changed by")
    def who(self, change: Any) -> str:
        return str(change.who)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # who sees the product sees its prices

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

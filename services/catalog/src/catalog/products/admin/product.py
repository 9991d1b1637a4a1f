from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db import models
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.backoffice.scoping import StallScopedAdmin, worker
from catalog.products.admin import actions
from catalog.products.admin.filters import StockFilter
from catalog.products.admin.forms import CHANGED_MEANWHILE, ProductForm
from catalog.products.admin.prices import PriceHistoryInline
from catalog.products.models import Picture, Product
from catalog.products.money import shown
from catalog.products.querysets import SCORE, ProductDraft, VersionConflict
from catalog.sellers.models import Seller

REVISABLE = ("name", "description", "category", "price_minor", "status")


@admin.register(Product)
class ProductAdmin(StallScopedAdmin):
    form = ProductForm
    list_display = ("thumbnail", "name", "sku", "seller", "category", "price", "stock", "rating", "state")
    list_display_links = ("thumbnail", "name")
    list_filter = ("status", StockFilter, "category", ("seller", admin.RelatedOnlyFieldListFilter))
    list_per_page = 50
    search_fields = ("name", "sku", "description")
    search_help_text = "Name, SKU or description"
    actions: Any = (actions.archive, actions.reactivate, actions.change_prices, actions.recategorise)
    inlines = (PriceHistoryInline,)

    class Media:
        css: ClassVar = {"all": ["products/admin.css"]}

    # -- what is seen -----------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Product]:
        rows = super().get_queryset(request)
        return rows.select_related("seller", "category", "availability", "tally").defer("search")

    def get_list_display(self, request: HttpRequest) -> Any:
        several = worker(request).is_operator or len(worker(request).stall_ids) > 1
        return [name for name in self.list_display if name != "seller" or several]

    def seller_id_of(self, obj: Product) -> UUID:
        return obj.seller_id

    @admin.display(description="picture")
    def thumbnail(self, product: Product) -> SafeString:
        if not product.picture_url:
            return format_html('<span class="no-picture">{}</span>', "–")
        return format_html('<img class="thumbnail" src="{}" alt="" loading="lazy">', product.picture_url)

    @admin.display(ordering="price_minor")
    def price(self, product: Product) -> str:
        return shown(product.price_minor)

    @admin.display(ordering="availability__available")
    def stock(self, product: Product) -> SafeString:
        if product.available is None:
            return format_html('<span class="{}">{}</span>', "stock-unknown", "not known")
        on_hand = product.availability.on_hand
        kind = "stock-in" if product.available > 0 else "stock-out"
        return format_html(
            '<span class="{}">{}</span> <small>of {}</small>', kind, product.available, on_hand
        )

    @admin.display(ordering=SCORE)
    def rating(self, product: Product) -> SafeString:
        known = product.rating
        if known.average is None:
            return format_html('<span class="{}">{}</span>', "unrated", "no reviews")
        return format_html("{} <small>of {}</small>", f"{known.average:.2f}", known.count)

    @admin.display(description="status", ordering="status")
    def state(self, product: Product) -> SafeString:
        return format_html('<span class="state-{}">{}</span>', product.status, product.get_status_display())

    # -- what may be edited -----------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        what = ("name", "description", "category", "price_minor", "picture_file", "expected_version")
        if obj is None:
            return [(None, {"fields": ("seller", "sku", "slug", *what)})]
        place = ("seller", "sku", "slug")
        read = ("thumbnail", "stock", "rating", "version", "created_at", "updated_at")
        return [
            (None, {"fields": (*what[:4], "status", *what[4:])}),
            ("In the market", {"fields": (*place, *read)}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> tuple[str, ...]:
        read = ("thumbnail", "stock", "rating", "version", "created_at", "updated_at")
        return ("seller", "sku", "slug", *read) if obj else ()

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.name == "seller":  # nobody puts a product into another's stall
            kwargs["queryset"] = Seller.objects.staffed_by(worker(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # -- how it is stored: by the verbs, never by save() ------------------------------------------------

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except VersionConflict:
            messages.error(request, CHANGED_MEANWHILE)
            return HttpResponseRedirect(request.path)

    def save_model(self, request: HttpRequest, obj: Product, form: ProductForm, change: bool) -> None:
        data, by = form.cleaned_data, worker(request).actor
        picture = Picture.objects.keep(*data["picture_file"]) if data.get("picture_file") else None
        if not change:
            fields = {name: data[name] for name in ("seller", "sku", "slug", *REVISABLE[:-1])}
            Product.objects.introduce([ProductDraft(id=obj.pk, picture=picture, **fields)], by=by)
            return
        changes = {name: data[name] for name in form.changed_data if name in REVISABLE}
        if picture:
            changes["picture"] = picture
        Product.objects.filter(pk=obj.pk).revise(by=by, expected_version=data["expected_version"], **changes)

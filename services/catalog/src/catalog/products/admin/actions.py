"""Bulk actions: one verb each, so that each changed product has its version, its history and its event."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import IntegrityError
from django.http import HttpRequest
from django.template.response import TemplateResponse

from catalog.backoffice.scoping import worker
from catalog.products.admin.forms import CategoryForm, PercentForm
from catalog.products.models import Product
from catalog.products.money import shown
from catalog.products.querysets import ProductQuerySet, repriced

Action = Callable[[ProductQuerySet], list[Product]]
ModelAdmin = Any


@admin.action(description="Archive", permissions=["change"])
def archive(model_admin: ModelAdmin, request: HttpRequest, queryset: ProductQuerySet) -> None:
    report(request, len(queryset.archive(by=worker(request).actor)), "archived")


@admin.action(description="Put on sale again", permissions=["change"])
def reactivate(model_admin: ModelAdmin, request: HttpRequest, queryset: ProductQuerySet) -> None:
    report(request, len(queryset.reactivate(by=worker(request).actor)), "put on sale")


@admin.action(description="Change prices by percent…", permissions=["change"])
def change_prices(
    model_admin: ModelAdmin, request: HttpRequest, queryset: ProductQuerySet
) -> TemplateResponse | None:
    form = PercentForm(request.POST if "percent" in request.POST else None)
    if not (form.is_valid() and "apply" in request.POST):
        percent = form.cleaned_data["percent"] if form.is_bound and form.is_valid() else None
        rows = [
            (
                product,
                shown(product.price_minor),
                None if percent is None else shown(repriced(product.price_minor, percent)),
            )
            for product in queryset
        ]
        return ask(
            model_admin, request, form, rows, action="change_prices", title="Change prices", preview=True
        )
    try:
        changed = queryset.reprice_by(form.cleaned_data["percent"], by=worker(request).actor)
    except IntegrityError:
        messages.error(request, "A price would leave what is allowed: nothing was changed.")
    else:
        report(request, len(changed), "repriced")
    return None


@admin.action(description="Move to another category…", permissions=["change"])
def recategorise(
    model_admin: ModelAdmin, request: HttpRequest, queryset: ProductQuerySet
) -> TemplateResponse | None:
    form = CategoryForm(request.POST if "apply" in request.POST else None)
    if not form.is_valid():
        rows = [(product, str(product.category), None) for product in queryset]
        return ask(model_admin, request, form, rows, action="recategorise", title="Move to another category")
    report(
        request, len(queryset.recategorise(form.cleaned_data["category"], by=worker(request).actor)), "moved"
    )
    return None


def ask(
    model_admin: ModelAdmin, request: HttpRequest, form: forms.Form, rows: list[Any], **context: Any
) -> TemplateResponse:
    """The page between choosing an action and doing it; it posts the same action back."""
    return TemplateResponse(
        request,
        "admin/products/product/confirm_action.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.model._meta,
            "form": form,
            "rows": rows,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "media": model_admin.media,
            **context,
        },
    )


def report(request: HttpRequest, count: int, done: str) -> None:
    messages.success(request, f"{count} product{'' if count == 1 else 's'} {done}.")

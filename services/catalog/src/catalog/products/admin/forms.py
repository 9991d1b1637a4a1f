from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from catalog.products.models import Category, Product
from catalog.products.pictures import MAX_PICTURE_BYTES, PictureRefused, clean
from catalog.products.pictures.png import SIGNATURE

type Upload = tuple[bytes, str]


class ProductForm(forms.ModelForm[Product]):
    picture_file = forms.FileField(
        label="New picture",
        required=False,
        help_text=f"SVG or PNG, up to {MAX_PICTURE_BYTES // 1024 // 1024} MiB.",
    )
    # what the page was made from: a change by somebody else in the meantime is not overwritten
    expected_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Product
        fields: ClassVar = [
            "seller",
            "sku",
            "slug",
            "name",
            "description",
            "category",
            "price_minor",
            "status",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["expected_version"] = self.instance.version

    def clean_picture_file(self) -> Upload | None:
        upload: Any = self.cleaned_data["picture_file"]
        if upload is None:
            return None
        if (upload.size or 0) > MAX_PICTURE_BYTES:
            raise ValidationError("The picture is too large.")
        content = upload.read()
        content_type = "image/png" if content.startswith(SIGNATURE) else "image/svg+xml"
        try:
            return clean(content, content_type), content_type
        except PictureRefused as error:
            raise ValidationError(error.message) from error

    def clean_expected_version(self) -> int | None:
        expected: int | None = self.cleaned_data["expected_version"]
        if not self.instance._state.adding and expected != self.instance.version:
            raise ValidationError(CHANGED_MEANWHILE)
        return expected


CHANGED_MEANWHILE = "Somebody else changed this product in the meantime: please look at it again."


class PercentForm(forms.Form):
    percent = forms.DecimalField(
        min_value=-90,
        max_value=500,
        max_digits=4,
        decimal_places=1,
        label="Change by %",
        help_text="-10 is a tenth off.",
    )


class CategoryForm(forms.Form):
    category = forms.ModelChoiceField(queryset=Category.objects.all())

"""What drf-spectacular can't see by itself: our list shape."""

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers


def page_of(item: type[serializers.BaseSerializer[object]], **more: serializers.Field) -> serializers.Serializer[object]:
    name = item.__name__.removesuffix("Serializer")
    return inline_serializer(
        f"{name}Page",
        {"items": item(many=True), "next_cursor": serializers.CharField(allow_null=True), **more},
    )

from typing import ClassVar

from rest_framework import serializers

from catalog.sellers.models import Seller


class SellerRef(serializers.ModelSerializer[Seller]):
    class Meta:
        model = Seller
        fields: ClassVar = ["id", "slug", "name"]


class SellerSerializer(serializers.ModelSerializer[Seller]):
    class Meta:
        model = Seller
        fields: ClassVar = ["id", "slug", "name", "tagline", "description"]

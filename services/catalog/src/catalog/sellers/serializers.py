from typing import ClassVar

from rest_framework import serializers

from catalog.sellers.models import Seller, SellerStaff


class SellerRef(serializers.ModelSerializer[Seller]):
    class Meta:
        model = Seller
        fields: ClassVar = ["id", "slug", "name"]


class SellerSerializer(serializers.ModelSerializer[Seller]):
    class Meta:
        model = Seller
        fields: ClassVar = ["id", "slug", "name", "tagline", "description"]


class StaffSerializer(serializers.ModelSerializer[SellerStaff]):
    """Who works where, by identity's ids and nothing else of the person."""

    account_id = serializers.UUIDField(source="user.account_id")

    class Meta:
        model = SellerStaff
        fields: ClassVar = ["seller_id", "account_id"]

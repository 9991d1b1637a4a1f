from typing import TYPE_CHECKING, cast

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from catalog.products.models import Product
from catalog.sellers.models import Seller, SellerStaff
from catalog.web.authentication import Caller

if TYPE_CHECKING:  # DRF loads this module while it loads its views
    from rest_framework.views import APIView


class IsStallStaffOrReadOnly(BasePermission):
    """Anybody reads; only those who work in a stall change what is its own, and operators."""

    message = "Only those who work in this stall may do this."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return request.method in SAFE_METHODS or isinstance(request.user, Caller)

    def has_object_permission(self, request: Request, view: "APIView", obj: Product | Seller) -> bool:
        if request.method in SAFE_METHODS:
            return True
        caller = cast("Caller", request.user)
        seller_id = obj.pk if isinstance(obj, Seller) else obj.seller_id
        if caller.is_operator:
            return True
        return caller.account_id is not None and SellerStaff.objects.works_for(caller.account_id, seller_id)


class IsServiceOrOperator(BasePermission):
    """For what says who somebody is, which the public has no part in."""

    message = "Only services and operators may ask this."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        caller = request.user
        return isinstance(caller, Caller) and (caller.is_service or caller.is_operator)

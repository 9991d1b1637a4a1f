from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle

if TYPE_CHECKING:  # DRF loads this module while it loads its views
    from rest_framework.views import APIView


class WriteThrottle(UserRateThrottle):
    """Reads are limited at the gateway; who changes products too fast is stopped here, by account."""

    scope = "writes"

    def allow_request(self, request: Request, view: "APIView") -> bool:
        return request.method in SAFE_METHODS or super().allow_request(request, view)

from collections.abc import Sequence
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from bazaar_shared.pagination import page
from catalog.sellers.models import Seller, SellerStaff
from catalog.sellers.queries import BY_NAME, SellerQuery, StaffQuery
from catalog.sellers.serializers import SellerRef, SellerSerializer, StaffSerializer
from catalog.web.authentication import Caller
from catalog.web.pagination import paginate
from catalog.web.permissions import IsServiceOrOperator
from catalog.web.schema import page_of


class SellerViewSet(RetrieveModelMixin, GenericViewSet[Seller]):
    """The market's stalls."""

    queryset = Seller.objects.all()
    serializer_class = SellerSerializer
    lookup_field = "slug"
    lookup_value_converter = "slug"

    @extend_schema(parameters=[SellerQuery], responses=page_of(SellerSerializer))
    def list(self, request: Request) -> Response:
        """All of them, or those named by `ids`; an id that is nobody's is left out."""
        query = SellerQuery.read(request)
        sellers = self.get_queryset()
        if "ids" in query:
            sellers = sellers.filter(pk__in=query["ids"])
        return Response(paginate(sellers, BY_NAME, query, self._shown))

    @extend_schema(responses=page_of(SellerRef))
    @action(detail=False, permission_classes=[IsAuthenticated], serializer_class=SellerRef)
    def mine(self, request: Request) -> Response:
        """Where the caller works: always one page, for nobody works in many stalls."""
        account_id = cast("Caller", request.user).account_id
        sellers = Seller.objects.where_works(account_id) if account_id else Seller.objects.none()
        return Response(page(self._shown(list(sellers)), None))

    def _shown(self, sellers: Sequence[Seller]) -> Any:
        return self.get_serializer(sellers, many=True).data


class StaffViewSet(GenericViewSet[SellerStaff]):
    """Who works where: for services that write to a stall's people, and for operators."""

    queryset = SellerStaff.objects.reachable().select_related("user").order_by("pk")
    serializer_class = StaffSerializer
    permission_classes = (IsServiceOrOperator,)

    @extend_schema(parameters=[StaffQuery], responses=page_of(StaffSerializer))
    def list(self, request: Request) -> Response:
        """Accounts only: what a person is called and where they are written to is identity's."""
        staff = self.get_queryset().filter(**StaffQuery.read(request))
        return Response(page(self.get_serializer(staff, many=True).data, None))

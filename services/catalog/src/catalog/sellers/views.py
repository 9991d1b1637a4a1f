from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from catalog.sellers.models import Seller
from catalog.sellers.serializers import SellerSerializer
from catalog.web.pagination import Ordering, PageQuery, paginate, read_text
from catalog.web.schema import page_of

BY_NAME = Ordering("name", "name", read_text)


class SellerViewSet(RetrieveModelMixin, GenericViewSet[Seller]):
    """The market's stalls."""

    queryset = Seller.objects.all()
    serializer_class = SellerSerializer
    lookup_field = "slug"
    lookup_value_converter = "slug"

    @extend_schema(parameters=[PageQuery], responses=page_of(SellerSerializer))
    def list(self, request: Request) -> Response:
        query = PageQuery.read(request)
        return Response(paginate(self.get_queryset(), BY_NAME, query, self._shown))

    def _shown(self, sellers: Sequence[Seller]) -> Any:
        return self.get_serializer(sellers, many=True).data

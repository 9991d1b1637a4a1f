from collections.abc import Callable, Sequence
from typing import Any, cast
from uuid import UUID

from django.db import IntegrityError, transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import ValidationError
from rest_framework.viewsets import GenericViewSet

from catalog.products.models import Category, Picture, PriceChange, Product
from catalog.products.parsers import PARSERS
from catalog.products.pictures import PictureRefused, clean
from catalog.products.queries import BatchQuery, ProductQuery, found
from catalog.products.querysets import ProductDraft
from catalog.products.serializers import (
    CategorySerializer,
    NewProduct,
    PriceChangeSerializer,
    ProductChanges,
    ProductSerializer,
)
from catalog.web.pagination import Ordering, PageQuery, paginate, read_integer, read_text
from catalog.web.preconditions import IF_MATCH, entity_tag, expected_version
from catalog.web.problems import Conflict
from catalog.web.schema import page_of

LATEST_FIRST = Ordering("latest", "version", read_integer, descending=True)
BY_NAME = Ordering("name", "name", read_text)


class ProductViewSet(GenericViewSet[Product]):
    """What the market sells."""

    queryset = Product.objects.complete()
    serializer_class = ProductSerializer
    lookup_value_converter = "uuid"

    @extend_schema(parameters=[ProductQuery], responses=page_of(ProductSerializer))
    def list(self, request: Request) -> Response:
        """What is on sale. Ordered by relevance when searching, by name otherwise.

        `-rating` is well rated first, where few reviews weigh less than many.
        """
        query = ProductQuery.read(request)
        products, ordering = found(query)
        return Response(paginate(products, ordering, query, self._shown))

    def retrieve(self, request: Request, pk: UUID) -> Response:
        """One product, archived or not; its ETag is its version."""
        return self._answer(self.get_object())

    @extend_schema(
        parameters=[BatchQuery],
        responses=page_of(ProductSerializer, missing=serializers.ListField(child=serializers.UUIDField())),
    )
    @action(detail=False)
    def batch(self, request: Request) -> Response:
        """Products in the order asked for, archived ones too; what is not known is listed as missing."""
        ids = BatchQuery.read(request)["ids"]
        known = self.get_queryset().in_bulk(ids)
        return Response(
            {
                "items": self._shown([known[pk] for pk in ids if pk in known]),
                "next_cursor": None,
                "missing": [str(pk) for pk in ids if pk not in known],
            }
        )

    @extend_schema(request=NewProduct, responses={201: ProductSerializer})
    def create(self, request: Request) -> Response:
        """Put a product on sale: by those who work in that stall, and operators."""
        body = NewProduct(data=request.data)
        body.is_valid(raise_exception=True)
        draft = ProductDraft(**body.validated_data)
        self.check_object_permissions(request, draft.seller)
        try:
            with transaction.atomic():
                (product,) = Product.objects.introduce([draft], by=str(request.user))
        except IntegrityError as error:
            raise Conflict("The stall has a product with this SKU or slug already.") from error
        location = {"Location": reverse("product-detail", args=[product.pk])}
        return self._answer(self.get_queryset().get(pk=product.pk), status.HTTP_201_CREATED, location)

    @extend_schema(request=ProductChanges, parameters=[IF_MATCH])
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change some fields. What is the same already is no change and leaves no event."""
        body = ProductChanges(data=request.data, partial=True)
        self.get_object()
        body.is_valid(raise_exception=True)
        return self._changed(pk, lambda rows, conditions: rows.revise(**conditions, **body.validated_data))

    @extend_schema(parameters=[IF_MATCH], responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Archives: orders refer to products, so none is ever deleted."""
        self.get_object()
        self._changed(pk, lambda rows, conditions: rows.archive(**conditions))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        request={"image/svg+xml": bytes, "image/png": bytes},
        parameters=[IF_MATCH],
        responses=ProductSerializer,
    )
    @action(detail=True, methods=["put"], parser_classes=PARSERS)
    def picture(self, request: Request, pk: UUID) -> Response:
        """Take the body as the product's picture: SVG of shapes, paint and text, or PNG; up to 2 MiB."""
        self.get_object()
        content_type = request.content_type.partition(";")[0]
        try:
            content = clean(cast("bytes", request.data) or b"", content_type)  # DRF parses no empty body
        except PictureRefused as error:
            raise ValidationError({"picture": [error.message]}, code=error.code) from error

        def show(rows: Any, conditions: dict[str, Any]) -> None:
            rows.revise(**conditions, picture=Picture.objects.keep(content, content_type))

        return self._changed(pk, show)

    @extend_schema(parameters=[PageQuery], responses=page_of(PriceChangeSerializer))
    @action(detail=True)
    def prices(self, request: Request, pk: UUID) -> Response:
        """Every price it ever had, the latest first."""
        query = PageQuery.read(request)
        history = PriceChange.objects.filter(product=self.get_object())
        return Response(paginate(history, LATEST_FIRST, query, _prices))

    def _changed(self, pk: UUID, change: Callable[[Any, dict[str, Any]], object]) -> Response:
        """Run a verb on this one product under the request's If-Match, and answer with what it is now."""
        conditions = {"by": str(self.request.user), "expected_version": expected_version(self.request)}
        with transaction.atomic():
            change(Product.objects.filter(pk=pk), conditions)
            return self._answer(self.get_queryset().get(pk=pk))

    def _answer(self, product: Product, code: int = 200, headers: dict[str, str] | None = None) -> Response:
        shown = self.get_serializer(product).data
        return Response(shown, status=code, headers={"ETag": entity_tag(product.version), **(headers or {})})

    def _shown(self, products: Sequence[Product]) -> Any:
        return self.get_serializer(products, many=True).data


class CategoryViewSet(GenericViewSet[Category]):
    queryset = Category.objects.all()
    serializer_class = CategorySerializer

    @extend_schema(parameters=[PageQuery], responses=page_of(CategorySerializer))
    def list(self, request: Request) -> Response:
        query = PageQuery.read(request)
        return Response(
            paginate(
                self.get_queryset(), BY_NAME, query, lambda rows: self.get_serializer(rows, many=True).data
            )
        )


def _prices(changes: Sequence[PriceChange]) -> Any:
    return PriceChangeSerializer(changes, many=True).data

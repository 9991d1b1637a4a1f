"""The product's public promise on Kafka: its full state, keyed by its id, on a compacted topic."""

from typing import TYPE_CHECKING

from django.conf import settings

from bazaar_shared.envelope import Event

if TYPE_CHECKING:
    from catalog.products.models import Product

SOURCE = "/bazaar/catalog"
PRODUCT_TOPIC = "catalog.product"
PRODUCT_TYPE = "bazaar.catalog.product.v1"


def state_of(product: "Product") -> Event:
    return Event.new(
        source=SOURCE,
        type=PRODUCT_TYPE,
        subject=str(product.pk),
        version=product.version,
        data={
            "product_id": str(product.pk),
            "sku": product.sku,
            "name": product.name,
            "seller_id": str(product.seller_id),
            "seller_slug": product.seller.slug,
            "category": product.category.slug,
            "price_minor": product.price_minor,
            "currency": settings.MARKET_CURRENCY,
            "tax_rate_bp": product.category.tax_rate_bp,
            "status": product.status,
            "picture_url": product.picture_url,
        },
    )

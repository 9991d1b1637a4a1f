"""The back office of products: the same verbs as the API behind Django's admin."""

from catalog.products.admin.category import CategoryAdmin
from catalog.products.admin.product import ProductAdmin

__all__ = ["CategoryAdmin", "ProductAdmin"]

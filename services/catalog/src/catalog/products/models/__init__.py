"""What the market sells. Products change through the verbs of `ProductQuerySet` and nowhere else."""

from catalog.products.models.category import Category
from catalog.products.models.picture import Picture
from catalog.products.models.price_change import PriceChange
from catalog.products.models.product import MAX_PRICE_MINOR, Product

__all__ = ["MAX_PRICE_MINOR", "Category", "Picture", "PriceChange", "Product"]

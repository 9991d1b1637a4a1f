from django.db import models


class PriceChange(models.Model):
    """The price history: one row for each price a product ever had, written with the product's version."""

    product = models.ForeignKey("products.Product", on_delete=models.CASCADE, related_name="prices")
    version = models.PositiveIntegerField()
    price_minor = models.PositiveIntegerField("price")
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=120)

    class Meta:
        ordering = ("-version",)
        constraints = (
            models.UniqueConstraint(fields=["product", "version"], name="one_price_for_a_version"),
        )

    def __str__(self) -> str:
        return f"{self.price_minor} from {self.changed_at:%Y-%m-%d}"

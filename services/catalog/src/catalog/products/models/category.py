from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q


class Category(models.Model):
    slug = models.SlugField(unique=True, max_length=60)
    name = models.CharField(max_length=120)
    tax_rate_bp = models.PositiveIntegerField(
        "tax rate", validators=[MaxValueValidator(10_000)], help_text="In basis points: 1900 is 19 %."
    )

    class Meta:
        ordering = ("name", "id")
        verbose_name_plural = "categories"
        constraints = (
            models.CheckConstraint(condition=Q(tax_rate_bp__lte=10_000), name="tax_rate_is_a_share"),
        )

    def __str__(self) -> str:
        return self.name

from uuid import UUID, uuid4

from django.conf import settings
from django.db import models

from catalog.accounts.models import User


class SellerQuerySet(models.QuerySet["Seller"]):
    def staffed_by(self, user: User) -> "SellerQuerySet":
        """The stalls somebody may work in: an operator in all of them."""
        return self if user.is_operator else self.filter(pk__in=user.stall_ids)


class Seller(models.Model):
    """One stall of the market."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    slug = models.SlugField(unique=True, max_length=60)
    name = models.CharField(max_length=120)
    tagline = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SellerQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class SellerStaffQuerySet(models.QuerySet["SellerStaff"]):
    def works_for(self, account_id: UUID, seller_id: UUID) -> bool:
        return self.filter(seller_id=seller_id, user__account_id=account_id, user__is_active=True).exists()


class SellerStaff(models.Model):
    """Who works in which stall."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="staff")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stalls")

    objects = SellerStaffQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "seller staff"
        constraints = (models.UniqueConstraint(fields=["seller", "user"], name="works_in_a_stall_once"),)

    def __str__(self) -> str:
        return f"{self.user} at {self.seller}"

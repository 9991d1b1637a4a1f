from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from catalog.accounts.models import User

RESERVED_SLUGS = frozenset({"mine"})


class SellerQuerySet(models.QuerySet["Seller"]):
    def staffed_by(self, user: User) -> "SellerQuerySet":
        """The stalls somebody may work in: an operator in all of them."""
        return self if user.is_operator else self.filter(pk__in=user.stall_ids)

    def where_works(self, account_id: UUID) -> "SellerQuerySet":
        """The stalls in which somebody really is staff: being an operator makes nobody a seller."""
        return self.filter(staff__user__account_id=account_id, staff__user__is_active=True)


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

    def clean(self) -> None:
        if self.slug in RESERVED_SLUGS:
            raise ValidationError({"slug": "This is an address of the API's own."})


class SellerStaffQuerySet(models.QuerySet["SellerStaff"]):
    def works_for(self, account_id: UUID, seller_id: UUID) -> bool:
        return self.reachable().filter(seller_id=seller_id, user__account_id=account_id).exists()

    def reachable(self) -> "SellerStaffQuerySet":
        """Who still works here and has an account at identity: the others only ever open the back office."""
        return self.filter(user__is_active=True, user__account_id__isnull=False)


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

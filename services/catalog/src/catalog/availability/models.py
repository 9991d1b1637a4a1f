from uuid import UUID

from django.db import models, transaction

from catalog.events.models import InboxEntry
from catalog.products.models import Product


class AvailabilityQuerySet(models.QuerySet["Availability"]):
    @transaction.atomic
    def record(
        self, *, consumer: str, event_id: str, product_id: UUID, version: int, on_hand: int, available: int
    ) -> bool:
        """Take over what inventory says, unless something newer is known; the inbox row is part of it."""
        if not InboxEntry.objects.first_time(consumer, event_id):
            return False
        # The row is made first and filled second: of two first events the newer one wins, in whatever order.
        self.bulk_create([Availability(product_id=product_id)], ignore_conflicts=True)
        return bool(
            self.filter(product_id=product_id, version__lt=version).update(
                on_hand=on_hand, available=available, version=version
            )
        )


class Availability(models.Model):
    """What inventory last said of a product: a read model, never a promise."""

    # no constraint in the database: inventory's event may be read before the product was restored here
    product = models.OneToOneField(
        Product,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="availability",
    )
    on_hand = models.IntegerField(default=0)
    available = models.IntegerField(default=0)
    version = models.BigIntegerField(default=0)

    objects = AvailabilityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "availability"
        indexes = (models.Index(fields=["product"], name="in_stock", condition=models.Q(available__gt=0)),)

    def __str__(self) -> str:
        return f"{self.available} available"

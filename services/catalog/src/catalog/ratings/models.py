"""What catalog knows of reviews: what each gives to its product, and for each product the sum of it."""

from uuid import UUID

from django.db import models, transaction
from django.db.models import F, FloatField, Q
from django.db.models.functions import Cast

from catalog.events.models import InboxEntry
from catalog.products.models import Product
from catalog.ratings.rating import PRIOR_COUNT, PRIOR_SUM


class ReviewQuerySet(models.QuerySet["Review"]):
    @transaction.atomic
    def record(self, told: "Review", *, consumer: str, event_id: str) -> bool:
        """Take over what reviews says, unless something newer is known; the inbox row is part of it."""
        if not InboxEntry.objects.first_time(consumer, event_id):
            return False
        # The row is made first and filled second: of two first events the newer one wins, in whatever order.
        self.bulk_create([Review(pk=told.pk, product_id=told.product_id)], ignore_conflicts=True)
        known = self.select_for_update().get(pk=told.pk)
        if known.version >= told.version:
            return False
        told.save(force_update=True)
        Tally.objects.replace(known, told)
        return True


class Review(models.Model):
    """One review that was told of, in its newest version; what it says stays with reviews."""

    id = models.UUIDField(primary_key=True, editable=False)
    # no foreign key: what is told of a product that is not here yet counts when it comes
    product_id = models.UUIDField()
    version = models.BigIntegerField(default=0)
    rating = models.PositiveSmallIntegerField(null=True, help_text="Null when it is hidden or deleted.")

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=5), name="rating_is_one_to_five"),
        )

    def __str__(self) -> str:
        return f"{self.rating or 'nothing'} for {self.product_id}"

    def gives(self, product_id: UUID) -> tuple[int, int]:
        """What it adds to a product's count and sum."""
        if self.rating is None or self.product_id != product_id:
            return 0, 0
        return 1, self.rating


class TallyQuerySet(models.QuerySet["Tally"]):
    def replace(self, known: Review, told: Review) -> None:
        """Count a review as it is told now instead of as it was known; needs the caller's lock on it."""
        # in the order of keys: reviews that lock the tallies of the same products can't deadlock
        for product_id in sorted({known.product_id, told.product_id}):
            (count_was, sum_was), (count, total) = known.gives(product_id), told.gives(product_id)
            self._shift(product_id, count - count_was, total - sum_was)

    def _shift(self, product_id: UUID, count: int, total: int) -> None:
        if not (count or total):
            return
        self.bulk_create([Tally(product_id=product_id)], ignore_conflicts=True)
        # a delta, under the row's lock: other reviews of the product come by other partitions at this moment
        self.filter(pk=product_id).update(count=F("count") + count, sum=F("sum") + total)


class Tally(models.Model):
    """How many published reviews a product has, and their stars together. No row: none so far."""

    # no constraint in the database: see Review.product_id
    product = models.OneToOneField(
        Product, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="tally"
    )
    count = models.IntegerField(default=0)
    sum = models.IntegerField(default=0)
    # kept by PostgreSQL itself, as Product.search is
    score = models.GeneratedField(
        expression=Cast(F("sum") + PRIOR_SUM, FloatField()) / (F("count") + PRIOR_COUNT),
        output_field=FloatField(),
        db_persist=True,
    )

    objects = TallyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "tallies"
        constraints = (
            # each review gives one to five stars, so nothing was counted twice or taken out twice unnoticed
            models.CheckConstraint(
                condition=Q(sum__gte=F("count"), sum__lte=5 * F("count")), name="sum_is_that_of_count_ratings"
            ),
        )

    def __str__(self) -> str:
        return f"{self.sum} stars of {self.count}"

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from catalog.events.models import OutboxMessage
from catalog.products.models import Product


class Command(BaseCommand):
    help = "Print the books as NDJSON: a line for each product, one for the outbox."
    requires_system_checks = ()

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        products = Product.objects.order_by("pk").values_list("pk", "price_minor", "version", "status")
        for pk, price_minor, version, status in products.iterator():
            self._line(kind="product", id=str(pk), price_minor=price_minor, version=version, status=status)
        unsent = OutboxMessage.objects.unsent()
        oldest = unsent.aggregate(at=Min("created_at"))["at"]
        age = (timezone.now() - oldest).total_seconds() if oldest else 0
        self._line(kind="outbox", unsent=unsent.count(), oldest_age_seconds=max(0, round(age, 3)))

    def _line(self, **fields: Any) -> None:
        self.stdout.write(json.dumps(fields))

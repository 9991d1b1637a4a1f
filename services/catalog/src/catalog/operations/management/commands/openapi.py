import json
from typing import Any

from django.core.management.base import BaseCommand
from drf_spectacular.generators import SchemaGenerator


class Command(BaseCommand):
    help = "Print the API's OpenAPI document as JSON."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))

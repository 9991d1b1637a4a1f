from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from bazaar_shared.management import Health
from bazaar_shared.relay import run_relay
from catalog.operations.running import run_until_signalled


class Command(BaseCommand):
    help = "Send the outbox's events to Kafka."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        config, health = settings.CONFIG, Health("database", "kafka")
        run_until_signalled(
            partial(
                run_relay, config.database_url, config.kafka_bootstrap_servers, name="catalog", health=health
            ),
            health,
        )

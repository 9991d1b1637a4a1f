from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from bazaar_shared.consumer import run_consumer
from bazaar_shared.management import Health
from catalog.events.consuming import DEAD_LETTERS, GROUP
from catalog.operations.following import TOPICS, handle
from catalog.operations.health import database_answers
from catalog.operations.running import run_until_signalled


class Command(BaseCommand):
    help = "Follow inventory.stock and reviews.review into the availability and the ratings that readers see."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        health = Health("kafka")
        consume = partial(
            run_consumer,
            settings.CONFIG.kafka_bootstrap_servers,
            group=GROUP,
            topics=TOPICS,
            handle=handle,
            dead_letter_topic=DEAD_LETTERS,
            health=health,
        )
        run_until_signalled(consume, health, database=database_answers)

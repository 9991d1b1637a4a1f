import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from bazaar_shared.consumer import replay_dead_letters
from catalog.events.consuming import DEAD_LETTERS, GROUP
from catalog.operations.following import handle


class Command(BaseCommand):
    help = "Handle again, once each, what was put aside in dead-letter.catalog."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        servers = settings.CONFIG.kafka_bootstrap_servers
        outcome = asyncio.run(replay_dead_letters(servers, DEAD_LETTERS, GROUP, handle))
        self.stdout.write(f"catalog: {outcome}")

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from bazaar_shared.settings import MissingSetting
from catalog.operations.health import wait_for_database
from catalog.operations.seeding import Market, seed


class Command(BaseCommand):
    help = "Load the demo market from DEMO_DIR/market.yaml; harmless when it is loaded already."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        what = "bring products, stalls and categories of the demo market back to what the file says"
        parser.add_argument("--reset", action="store_true", help=what)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.CONFIG.demo_dir is None:
            raise MissingSetting("DEMO_DIR")
        wait_for_database()
        if settings.CONFIG.migrate_on_start:
            call_command("migrate", verbosity=0)
        result = seed(Market.read(settings.CONFIG.demo_dir), reset=options["reset"])
        self.stdout.write(f"catalog: {result.introduced} products introduced, {result.changed} changed")

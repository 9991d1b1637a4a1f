from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from catalog.operations.health import management, wait_for_database
from catalog.server import CatalogServer


class Command(BaseCommand):
    help = "Serve the API and the back office; migrates first (MIGRATE_ON_START)."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.CONFIG.migrate_on_start:
            waiting = management(migrations=lambda: "not done yet")
            waiting.start()
            wait_for_database()
            call_command("migrate", verbosity=0)
            waiting.stop()
        connections.close_all()  # a connection must not be shared with the worker, which is a fork
        CatalogServer(settings.CONFIG).run()

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import connection

from bazaar_shared.migrations import LOCK_SQL


class Command(migrate.Command):
    """Django's migrate under an advisory lock: of several replicas one migrates, the others find it done."""

    def handle(self, *args: Any, **options: Any) -> None:
        with migration_lock():
            super().handle(*args, **options)


@contextmanager
def migration_lock() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SET statement_timeout = 0; SET lock_timeout = 0"
        )  # another replica's migrations may take long
        cursor.execute(LOCK_SQL)
        cursor.execute(
            "SET lock_timeout = '10s'"
        )  # but a migration must not queue for long behind a busy table
    try:
        yield
    finally:
        connection.close()  # ends the lock with the session, and these timeouts with it

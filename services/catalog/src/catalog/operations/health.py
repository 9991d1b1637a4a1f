"""Whether this process can do its work, asked from the management port's threads."""

import logging
import time

from django.conf import settings
from django.db import DatabaseError, connection

from bazaar_shared.management import Check, Management

log = logging.getLogger(__name__)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    finally:
        connection.close()  # each check runs in a thread of its own, which takes its connection along


def management(**ready: Check) -> Management:
    config = settings.CONFIG
    return Management(config.management_host, config.management_port, ready=ready)


def wait_for_database(longest_pause: float = 5.0) -> None:
    """The order in which processes start does not matter: this one waits, and is not ready meanwhile."""
    pause = 0.25
    while True:
        try:
            database_answers()
        except DatabaseError as error:
            log.warning("waiting for the database: %s", error)
            time.sleep(pause)
            pause = min(2 * pause, longest_pause)
        else:
            return

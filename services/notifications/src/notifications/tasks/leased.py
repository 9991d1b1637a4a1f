"""Work on one row under its lease, and what becomes of the row: done, skipped, given back, or dead."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import sleep
from typing import Any
from uuid import UUID

from billiard.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection, Row, Table
from sqlalchemy.exc import OperationalError

from notifications.domain.intents import State
from notifications.domain.timing import pause_after
from notifications.errors import Hopeless, NotWanted, Passing
from notifications.resources import Resources
from notifications.storage import leases

logger = logging.getLogger(__name__)

# a mail that is out should not be forgotten because PostgreSQL restarts just now
_WRITE_AGAIN_AFTER = (0.2, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Again:
    """Given back as it is, without any fault: to be looked at after the pause."""

    pause: timedelta
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _End:
    state: State
    reason: str | None = None


def under_lease(
    resources: Resources, table: Table, row_id: UUID, work: Callable[[Row[Any]], State | Again]
) -> str:
    """The outcome in a word. What is neither foreseen nor passing is raised: the message goes to the dead
    letters, and the row, whose lease ends, to the next worker, until too many were lost.
    """
    with resources.engine.begin() as connection:
        row = leases.claim(connection, table, row_id, resources.settings.lease)
    if row is None:
        return "not due"
    outcome = _outcome(resources, row, work)
    _write(resources, table, row, outcome)
    said = outcome.state.value if isinstance(outcome, _End) else "again"
    reason = outcome.reason if isinstance(outcome, _End) else outcome.changes.get("last_error")
    level = logging.WARNING if reason else logging.INFO
    extra = {"id": str(row.id), "cause": row.cause, "template": row.template, "attempts": row.attempts}
    logger.log(level, "%s: %s", table.name, said, extra=extra | ({"reason": reason} if reason else {}))
    return said


def _outcome(resources: Resources, row: Row[Any], work: Callable[[Row[Any]], State | Again]) -> _End | Again:
    settings = resources.settings
    if row.lost >= leases.MOST_LOST:
        return _End(State.DEAD, f"{row.lost} workers were lost with it")
    try:
        done = work(row)
        return done if isinstance(done, Again) else _End(done)
    except NotWanted as error:
        return _End(State.SKIPPED, str(error))
    except Hopeless as error:
        return _End(State.DEAD, str(error))
    except (Passing, SoftTimeLimitExceeded, OperationalError) as error:
        reason = _in_words(error)
        if row.attempts >= settings.max_attempts:
            return _End(State.DEAD, f"given up after {row.attempts} attempts: {reason}")
        pause = pause_after(row.attempts, settings.retry_seconds, settings.retry_longest_seconds)
        return Again(pause, {"last_error": reason[:500]})


def _in_words(error: Exception) -> str:
    if isinstance(error, SoftTimeLimitExceeded):
        return "it took too long"
    # SQLAlchemy repeats the statement and its values otherwise
    return f"the database: {error.orig}".strip() if isinstance(error, OperationalError) else str(error)


def _write(resources: Resources, table: Table, row: Row[Any], outcome: _End | Again) -> None:
    def write(connection: Connection) -> bool:
        if isinstance(outcome, Again):
            return leases.give_back(connection, table, row, outcome.pause, outcome.changes)
        return leases.finish(connection, table, row, outcome.state, outcome.reason)

    for pause in (*_WRITE_AGAIN_AFTER, None):
        try:
            with resources.engine.begin() as connection:
                held = write(connection)
            break
        except OperationalError:
            if pause is None:
                raise
            sleep(pause)
    if not held:
        logger.error("the lease was over before the work was done", extra={"id": str(row.id)})

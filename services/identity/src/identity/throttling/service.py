"""Failed attempts, counted in PostgreSQL so that all replicas count together (docs/adr/0014).

One row holds one moment: until when the subject has used up its allowance (the generic cell rate algorithm).
An attempt is paid for before the work and given back if it succeeds, so a thousand guesses at once are no
better than a thousand in a row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from identity.clock import IClock
from identity.errors import TooManyAttempts
from identity.keyring import Keyring
from identity.metrics import throttled
from identity.persistence import ISecurityUnit
from identity.throttling.interfaces import Attempt
from identity.throttling.models import ThrottleBucket

SWEEP = 10


class Throttle:
    def __init__(self, unit: ISecurityUnit, keyring: Keyring, clock: IClock) -> None:
        self._unit = unit
        self._keyring = keyring
        self._clock = clock

    @contextmanager
    def failures_of(self, *attempts: Attempt) -> Iterator[None]:
        self._pay(attempts)
        yield
        self._give_back(attempts)

    def _pay(self, attempts: tuple[Attempt, ...]) -> None:
        now = self._clock.now()
        wait, scope = None, ""
        with self._unit.begin() as db:
            _sweep(db, now)
            # In the order given, always the same one: two attempts can't deadlock.
            for attempt in attempts:
                if wait := _overdrawn(db, attempt, self._keyring.pseudonym(attempt.subject), now):
                    scope = attempt.limit.scope
                    break
        if wait:
            throttled.labels(scope).inc()
            raise TooManyAttempts(ceil(wait.total_seconds()))

    def _give_back(self, attempts: tuple[Attempt, ...]) -> None:
        with self._unit.begin() as db:
            for attempt in attempts:
                bucket = (ThrottleBucket.scope == attempt.limit.scope) & (
                    ThrottleBucket.subject == self._keyring.pseudonym(attempt.subject)
                )
                earlier = ThrottleBucket.paid_until - attempt.limit.every
                db.execute(update(ThrottleBucket).where(bucket).values(paid_until=earlier))


def _overdrawn(db: Session, attempt: Attempt, subject: bytes, now: datetime) -> timedelta | None:
    """Pays for one attempt in one statement, or says how long to wait for the next."""
    limit = attempt.limit
    paid_until = func.greatest(ThrottleBucket.paid_until, now) + limit.every
    paid = db.execute(
        insert(ThrottleBucket)
        .values(scope=limit.scope, subject=subject, paid_until=now + limit.every)
        .on_conflict_do_update(
            index_elements=[ThrottleBucket.scope, ThrottleBucket.subject],
            set_={"paid_until": paid_until},
            where=paid_until <= now + limit.burst * limit.every,
        )
        .returning(ThrottleBucket.paid_until)
    ).first()
    if paid is not None:
        return None
    full_until = db.scalars(
        select(ThrottleBucket.paid_until).where(
            ThrottleBucket.scope == limit.scope, ThrottleBucket.subject == subject
        )
    ).one()
    return max(full_until - now - (limit.burst - 1) * limit.every, timedelta(seconds=1))


def _sweep(db: Session, now: datetime) -> None:
    """Each attempt clears a few buckets that are paid up: guessing at addresses can't fill the table."""
    paid_up = (
        select(ThrottleBucket.scope, ThrottleBucket.subject)
        .where(ThrottleBucket.paid_until < now)
        .limit(SWEEP)
        .with_for_update(skip_locked=True)
        .cte("paid_up")
    )
    db.execute(
        delete(ThrottleBucket).where(
            ThrottleBucket.scope == paid_up.c.scope, ThrottleBucket.subject == paid_up.c.subject
        ),
        execution_options={"synchronize_session": False},
    )

"""Pictures as catalog has them, their renditions, and who waits for those."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, Text, cast, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from notifications.domain.intents import State
from notifications.storage.tables import drawings, intents, pictures, renditions

# a canvas that did not come to its end in this time is begun anew by the next who asks
_GIVEN_UP = timedelta(minutes=1)


def found(connection: Connection, wanted: Mapping[UUID, str], size: int) -> dict[UUID, bytes]:
    """product → PNG, of those (product, source) that were drawn in this size."""
    these = tuple_(renditions.c.product_id, renditions.c.source).in_(list(wanted.items()))
    statement = select(renditions.c.product_id, renditions.c.png).where(these, renditions.c.size == size)
    return {row.product_id: bytes(row.png) for row in connection.execute(statement)}


def refused(connection: Connection, wanted: Mapping[UUID, str]) -> set[UUID]:
    """Those that cannot be drawn: nobody waits for them."""
    statement = select(drawings.c.product_id).where(
        tuple_(drawings.c.product_id, drawings.c.source).in_(list(wanted.items())), drawings.c.refused
    )
    return set(connection.execute(statement).scalars())


def ask(connection: Connection, wanted: Mapping[UUID, str]) -> dict[UUID, str]:
    """Those that nobody is drawing: the caller must let them be drawn."""
    if not wanted:
        return {}
    rows = [{"product_id": product_id, "source": source} for product_id, source in sorted(wanted.items())]
    asked = insert(drawings).values(rows)
    again = asked.on_conflict_do_update(
        index_elements=[drawings.c.product_id, drawings.c.source],
        set_={"asked_at": func.now()},
        where=drawings.c.asked_at < func.now() - _GIVEN_UP,
    )
    begun = connection.execute(again.returning(drawings.c.product_id, drawings.c.source))
    return {row.product_id: row.source for row in begun}


def keep_source(connection: Connection, source: str, content_type: str, content: bytes) -> None:
    row = {"source": source, "content_type": content_type, "content": content}
    connection.execute(insert(pictures).values(row).on_conflict_do_nothing())


def source(connection: Connection, name: str) -> tuple[str, bytes] | None:
    statement = select(pictures.c.content_type, pictures.c.content).where(pictures.c.source == name)
    kept = connection.execute(statement).one_or_none()
    return (kept.content_type, bytes(kept.content)) if kept else None


def keep_renditions(connection: Connection, product_id: UUID, name: str, pngs: Mapping[int, bytes]) -> None:
    """All sizes at once. A second set of the same source is the same."""
    this = {"product_id": product_id, "source": name}
    rows = [{**this, "size": size, "png": png} for size, png in pngs.items()]
    connection.execute(insert(renditions).values(rows).on_conflict_do_nothing())


def refuse(connection: Connection, product_id: UUID, name: str) -> None:
    this = (drawings.c.product_id == product_id) & (drawings.c.source == name)
    connection.execute(update(drawings).where(this).values(refused=True))


def arrived(connection: Connection, name: str) -> list[UUID]:
    """Nobody waits for this picture any more; the ids of the intents that wait for none now, and are due."""
    rest = func.array_remove(intents.c.waits_for, cast(name, Text))
    waiting = intents.c.waits_for.any(cast(name, Text)) & (intents.c.state == State.PENDING)
    told = (
        update(intents)
        .where(waiting)
        .values(waits_for=rest)
        .returning(intents.c.id, func.cardinality(intents.c.waits_for).label("left"))
    )
    free = [row.id for row in connection.execute(told) if row.left == 0]
    # one in a worker's hands is not touched: its due_at is the lease's end
    due = update(intents).where(intents.c.id.in_(free), intents.c.lease.is_(None)).values(due_at=func.now())
    return list(connection.execute(due.returning(intents.c.id)).scalars())


def forget(connection: Connection, age: timedelta) -> None:
    """What was drawn long ago is drawn again when somebody needs it."""
    for table, column in (
        (renditions, renditions.c.created_at),
        (pictures, pictures.c.created_at),
        (drawings, drawings.c.asked_at),
    ):
        connection.execute(delete(table).where(column < func.now() - age))

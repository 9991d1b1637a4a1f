"""A picture's renditions: fetched once, drawn in all sizes side by side, stored together.

    fetch → ┬ render 96  ┐
            ├ render 128 ├ → store
            └ render 360 ┘

The only place where a task's result is of use to another one, and so the only one where Redis is.
"""

import base64
import logging
from uuid import UUID

from celery import Task, chain, group, shared_task
from kombu.exceptions import OperationalError as BrokerAway
from sqlalchemy.exc import OperationalError as DatabaseAway

from notifications.errors import Passing
from notifications.mails.draft import SIZES
from notifications.rasterizer import Undrawable, rasterize
from notifications.resources import Resources
from notifications.storage import pictures

logger = logging.getLogger(__name__)

_RETRIED = {
    "autoretry_for": (Passing, DatabaseAway),
    "retry_backoff": 1,
    "retry_backoff_max": 30,
    "retry_jitter": True,
    "max_retries": 4,
    # foreseen: it is asked for again by the next mail that would like to show it
    "acks_on_failure": True,
}


def begin(resources: Resources, wanted: dict[UUID, str]) -> None:
    """Let those be drawn that nobody is drawing yet."""
    with resources.engine.begin() as connection:
        mine = pictures.ask(connection, wanted)
    for product_id, source in mine.items():
        try:
            canvas(product_id, source).apply_async()
        except BrokerAway:
            logger.warning("nobody could be told to draw a picture", extra={"source": source})


def canvas(product_id: UUID, source: str) -> chain:
    """A group in a chain with a task behind it: Celery makes a chord of it."""
    return chain(
        fetch.si(source),
        group(render.s(size) for size in SIZES),
        store.s(str(product_id), source),
    )


@shared_task(bind=True, name="notifications.pictures.fetch", **_RETRIED)
def fetch(self: Task, source: str) -> str:
    """Gives on the name, not the bytes: messages stay small."""
    resources: Resources = self.app.resources
    with resources.engine.connect() as connection:
        if pictures.source(connection, source) is not None:
            return source
    got = resources.market.picture(source)
    if got is not None:
        with resources.engine.begin() as connection:
            pictures.keep_source(connection, source, *got)
    return source


@shared_task(bind=True, name="notifications.pictures.render", ignore_result=False, **_RETRIED)
def render(self: Task, source: str, size: int) -> str:
    """A PNG in base64 (some 10 KB), or an empty text for what cannot be drawn: a chord with a failed part
    would never come to its end, and the mails would wait for nothing.
    """
    resources: Resources = self.app.resources
    with resources.engine.connect() as connection:
        kept = pictures.source(connection, source)
    if kept is None:
        return ""
    resources.faults.at("rendering")
    try:
        return base64.b64encode(rasterize(*kept, size)).decode("ascii")
    except Undrawable as error:
        logger.warning("a picture cannot be drawn", extra={"source": source, "reason": str(error)})
        return ""


@shared_task(bind=True, name="notifications.pictures.store", **_RETRIED)
def store(self: Task, drawn: list[str], product_id: str, source: str) -> int:
    """The chord's end: all sizes at once, and the mails that waited for them are told."""
    resources: Resources = self.app.resources
    product = UUID(product_id)
    with resources.engine.begin() as connection:
        if all(drawn):
            pngs = {size: base64.b64decode(png) for size, png in zip(SIZES, drawn, strict=True)}
            pictures.keep_renditions(connection, product, source, pngs)
        else:
            pictures.refuse(connection, product, source)
        free = pictures.arrived(connection, source)
    for intent_id in free:
        self.app.send_task("notifications.mails.send", [str(intent_id)])
    return len(free)

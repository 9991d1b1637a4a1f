"""How every agent takes its records: one after the other, each until it is done, and acknowledged then.

Faust acknowledges a record also when its agent raises or is cancelled in the middle of it: the record would
be skipped. So the streams are `noack()`, and the acknowledgement stands at the end of `settle`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, cast

from faust.streams import Stream
from faust.types import EventT, StreamT
from opentelemetry.trace import SpanKind

from bazaar_shared.consumer import HANDLED, RETRIES
from bazaar_shared.dead_letters import PermanentError, record_of
from bazaar_shared.telemetry import inject, span
from insights.acknowledged import Insights
from insights.metrics import EVENT_SECONDS

logger = logging.getLogger(__name__)

type Handler = Callable[[Any, EventT[Any]], Awaitable[None]]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0


async def settle_all(app: Insights, stream: StreamT[Any], handle: Handler) -> None:
    async for event in cast("Stream[Any]", stream).noack().events():
        await settle(app, event, handle)
        await stream.ack(event)


async def settle(app: Insights, event: EventT[Any], handle: Handler) -> None:
    """Until it is done: what fails is taken as passing, and nothing behind it is read meanwhile."""
    pause, began = _FIRST_PAUSE, monotonic()
    while True:
        try:
            outcome = await _attempt(app, event, handle)
        except Exception as error:  # noqa: BLE001 skipping a record is worse than waiting for it
            _tell(app, event, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        else:
            app.health.set("streams", state=True)
            HANDLED.labels(app.topology.app_id, event.message.topic, outcome).inc()
            EVENT_SECONDS.labels(event.message.topic).observe(monotonic() - began)
            return


async def _attempt(app: Insights, event: EventT[Any], handle: Handler) -> str:
    message = event.message
    headers = {name: value.decode("utf-8", "replace") for name, value in event.headers.items() if value}
    attributes = {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": message.topic,
        "messaging.consumer.group.name": app.topology.app_id,
    }
    with span(f"process {message.topic}", headers, SpanKind.CONSUMER, attributes):
        try:
            await handle(event.value, event)
        except PermanentError as error:
            logger.error("a record goes to the dead letters", extra=_where(event), exc_info=error)
            await app.dead_letters.send(message, record_of(message), f"PermanentError: {error}")
            return "dead_letter"
    return "handled"


def _tell(app: Insights, event: EventT[Any], error: Exception) -> None:
    app.health.set("streams", f"{event.message.topic}: {type(error).__name__}: {error}")
    RETRIES.labels(app.topology.app_id, event.message.topic).inc()
    logger.warning("a record is tried again", extra=_where(event), exc_info=error)


def _where(event: EventT[Any]) -> dict[str, Any]:
    return {
        "topic": event.message.topic,
        "partition": event.message.partition,
        "offset": event.message.offset,
    }


def trace_headers() -> dict[str, bytes]:
    """For what is sent on because of a record: the same trace."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return {name: value.encode() for name, value in carrier.items()}

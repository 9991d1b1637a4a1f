"""POST /api/clickstream: a batch of page events."""

from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from bazaar_shared.problems import FieldError
from bazaar_shared.telemetry import current_traceparent
from clickstream import envelope
from clickstream.api.errors import rate_headers
from clickstream.api.media import MAX_BODY
from clickstream.clicks import Batch, InvalidClicks, judge_times
from clickstream.flow import InFlight, Permit, SessionRates
from clickstream.kafka import KafkaAway
from clickstream.metrics import ACCEPTED
from clickstream.visitors import is_machine, wants_no_tracking

PATH = "/api/clickstream"
VISIT = "bazaar_visit"


class Topic(Protocol):
    """Where clicks go: `kafka.ClicksTopic`."""

    @property
    def available(self) -> bool: ...
    async def publish(
        self, key: bytes, values: list[bytes], traceparent: str | None, permit: Permit
    ) -> None: ...


class Accepted(msgspec.Struct):
    accepted: int


async def only_who_may_be_counted(
    req: Request,
    resp: Response,  # noqa: ARG001
    resource: object,  # noqa: ARG001
    params: dict[str, Any],  # noqa: ARG001
) -> None:
    """204 before a byte of the body is read: nothing is stored of who does not want it, or is no person."""
    if wants_no_tracking(req.get_header("DNT"), req.get_header("Sec-GPC")):
        req.context.refused = "no_tracking"
    elif is_machine(req.user_agent):
        req.context.refused = "machine"
    else:
        return
    raise falcon.HTTPStatus(falcon.HTTP_204)


class Clicks:
    def __init__(self, topic: Topic, flight: InFlight, rates: SessionRates) -> None:
        self._topic = topic
        self._flight = flight
        self._rates = rates

    @falcon.before(only_who_may_be_counted)
    async def on_post(self, req: Request, resp: Response) -> None:
        if not self._topic.available:
            raise KafkaAway("no broker answers")
        # a body without a length may become as long as is allowed
        with self._flight.admit(min(req.content_length or MAX_BODY, MAX_BODY)) as permit:
            batch: Batch = await req.get_media()
            session = _session(req, batch)
            judge_times(batch, now := datetime.now(UTC))
            count = len(batch.events)
            allowance = self._rates.take(session, count)
            try:
                await self._store(batch, session, now, permit)
            except BaseException:
                self._rates.give_back(session, count)
                raise
        resp.set_headers(rate_headers(allowance))
        resp.status = falcon.HTTP_202
        resp.media = Accepted(count)

    async def _store(self, batch: Batch, session: UUID, now: datetime, permit: Permit) -> None:
        traceparent = current_traceparent()
        values = list(envelope.encoded(batch, session, now, traceparent))
        permit.resize(sum(map(len, values)))
        # the session: its clicks stay in order, and one consumer sees them all
        await self._topic.publish(str(session).encode(), values, traceparent, permit)
        for click in batch.events:
            ACCEPTED.labels(click.kind).inc()


def _session(req: Request, batch: Batch) -> UUID:
    if batch.session_id is not None:
        return batch.session_id
    for value in req.get_cookie_values(VISIT) or ():
        try:
            return UUID(value)
        except ValueError:
            continue
    raise InvalidClicks([FieldError("session_id", "missing", f"wanted here or in the cookie `{VISIT}`")])

"""clicks: how far each visit goes, and what happens to each product under that product's key.

A step of a visit is set, never counted, so a click that comes twice changes nothing. Clicks about a product
go on under its key; `group_by` would do that, and acknowledge a click whose sending was cancelled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faust.types import EventT, StreamT

from insights.acknowledged import Insights
from insights.buckets import HOUR, MINUTE, is_late, start
from insights.metrics import LATE
from insights.records import Click, ClickEvent, ProductClick
from insights.streams.handling import settle_all, trace_headers
from insights.tables import Tables, key
from insights.topics import Topics

STEPS = ("view", "search", "add", "buy")


@dataclass(frozen=True, slots=True)
class Clicks:
    topics: Topics
    tables: Tables

    async def handle(self, value: ClickEvent, event: EventT[ClickEvent]) -> None:
        click = value.data
        if is_late(click.at.timestamp(), event.message.timestamp):
            LATE.labels("clicks").inc()
            return
        self._step(click, event.message.partition)
        if click.product_id is not None:
            self.topics.product_clicks.send_soon(
                key=click.product_id,
                value=ProductClick(
                    click_id=click.click_id,
                    product_id=click.product_id,
                    kind=click.kind,
                    at=click.at.timestamp(),
                ),
                headers=trace_headers(),
            )

    def _step(self, click: Click, partition: int) -> None:
        """A visit stays in the minute of the first click that was seen of it."""
        tables = self.tables
        known = tables.sessions[click.session_id] or [start(click.at.timestamp(), MINUTE), 0]
        minute, steps = known[0], known[1] | bit(click.kind)
        tables.sessions[click.session_id] = [minute, steps]

        bucket = key(partition, minute)
        sessions = {**tables.session_minutes[bucket], click.session_id: steps}
        tables.session_minutes[bucket] = sessions

        hour = key(partition, start(minute, HOUR))
        tables.session_hours[hour] = {**tables.session_hours[hour], str(minute): reached(sessions)}


def bit(kind: str) -> int:
    return 1 << STEPS.index(kind)


def reached(sessions: Mapping[str, Any]) -> list[int]:
    """Sessions in all, then those that came to each step."""
    return [len(sessions), *(sum(1 for steps in sessions.values() if steps & bit(step)) for step in STEPS)]


def install(app: Insights, topics: Topics, tables: Tables) -> Clicks:
    clicks = Clicks(topics, tables)

    @app.agent(topics.clicks, name="clicks")
    async def read_clicks(stream: StreamT[ClickEvent]) -> None:
        await settle_all(app, stream, clicks.handle)

    return clicks

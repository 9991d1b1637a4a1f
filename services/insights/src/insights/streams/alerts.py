"""insights-placed: unusual orders, by rules.toml. An alert is published, and noted when Kafka has it:
killed in between, the worker publishes it again under the same id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from faust.types import EventT, StreamT

from bazaar_shared.envelope import CONTENT_TYPE, Event
from bazaar_shared.telemetry import current_traceparent
from insights.acknowledged import Insights
from insights.metrics import ALERTS
from insights.records import Placed
from insights.rules import Finding, Rule, Seen, alert_id, findings, longest_memory
from insights.streams.handling import settle_all, trace_headers
from insights.tables import Tables
from insights.topics import Topics

TYPE = "bazaar.insights.alert.v1"


@dataclass(frozen=True, slots=True)
class Alerts:
    topics: Topics
    tables: Tables
    rules: tuple[Rule, ...]

    async def handle(self, placed: Placed, event: EventT[Placed]) -> None:  # noqa: ARG002
        memory = longest_memory(self.rules)
        orders = recent(self.tables.shoppers[placed.shopper_id], placed, memory)
        self.tables.shoppers[placed.shopper_id] = orders
        seen = Seen(placed.total_minor, placed.most_of_one, tuple(orders.values()))
        for finding in findings(self.rules, seen):
            order_id, at = about(finding, placed, orders)
            known = self.tables.alerts[order_id]
            if finding.rule not in known:
                alert = alert_of(order_id, placed.shopper_id, at, finding)
                await self._publish(alert)
                ALERTS.labels(finding.rule, finding.severity).inc()
                known = {**known, finding.rule: alert}
            # also when it is known: its changelog may not
            self.tables.alerts[order_id] = known

    async def _publish(self, alert: Mapping[str, Any]) -> None:
        document = Event(
            id=alert["alert_id"],
            source="/bazaar/insights",
            type=TYPE,
            subject=alert["order_id"],
            time=datetime.fromisoformat(alert["at"]),
            version=1,
            data=alert,
            traceparent=current_traceparent(),
        )
        headers = {"content-type": CONTENT_TYPE.encode(), **trace_headers()}
        acknowledged = await self.topics.alerts.send(
            key=alert["order_id"], value=document.to_json(), headers=headers
        )
        await acknowledged


def recent(orders: Mapping[str, float], placed: Placed, memory: int) -> dict[str, float]:
    """Those that a rule may still look at, also when this one comes too late by as much again."""
    kept = {order: at for order, at in orders.items() if at > placed.at - 2 * memory}
    return {**kept, placed.order_id: placed.at}


def about(finding: Finding, placed: Placed, orders: Mapping[str, float]) -> tuple[str, float]:
    """The order that an alert is raised for, and when it was placed. Orders of one shopper come from
    different partitions, in any order: that they are many is said of the newest.
    """
    if finding.kind != "frequency":
        return placed.order_id, placed.at
    return max(orders.items(), key=lambda each: (each[1], each[0]))


def alert_of(order_id: str, shopper_id: str, at: float, finding: Finding) -> dict[str, Any]:
    return {
        "alert_id": alert_id(order_id, finding.rule),
        "order_id": order_id,
        "shopper_id": shopper_id,
        "rule": finding.rule,
        "severity": finding.severity,
        "detail": finding.detail,
        # the order's own time: told again, the alert is the same to the letter
        "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def install(app: Insights, topics: Topics, tables: Tables, rules: tuple[Rule, ...]) -> Alerts:
    alerts = Alerts(topics, tables, rules)

    @app.agent(topics.placed, name="alerts")
    async def read_placed(stream: StreamT[Placed]) -> None:
        await settle_all(app, stream, alerts.handle)

    return alerts

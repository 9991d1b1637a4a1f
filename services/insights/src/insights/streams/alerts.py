"""insights-placed: unusual orders, by rules.toml. An alert is published, and noted when Kafka has it: killed in
between, the worker publishes it again under the same id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from faust.types import EventT, StreamT

from bazaar_shared.envelope import Event
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
        seen = Seen(placed.total_minor, placed.most_of_one, tuple(orders.values()), placed.at)
        for finding in findings(self.rules, seen):
            known = self.tables.alerts[placed.order_id]
            if finding.rule not in known:
                alert = alert_of(placed, finding)
                await self._publish(alert)
                ALERTS.labels(finding.rule, finding.severity).inc()
                known = {**known, finding.rule: alert}
            # also when it is known: its changelog may not
            self.tables.alerts[placed.order_id] = known

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
        acknowledged = await self.topics.alerts.send(
            key=alert["order_id"], value=document.to_json(), headers=trace_headers()
        )
        await acknowledged


def recent(orders: Mapping[str, float], placed: Placed, memory: int) -> dict[str, float]:
    """Those that a rule may still look at, also when this one comes too late by as much again."""
    kept = {order: at for order, at in orders.items() if at > placed.at - 2 * memory}
    return {**kept, placed.order_id: placed.at}


def alert_of(placed: Placed, finding: Finding) -> dict[str, Any]:
    return {
        "alert_id": alert_id(placed.order_id, finding.rule),
        "order_id": placed.order_id,
        "shopper_id": placed.shopper_id,
        "rule": finding.rule,
        "severity": finding.severity,
        "detail": finding.detail,
        # the order's own time: told again, the alert is the same to the letter
        "at": datetime.fromtimestamp(placed.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def install(app: Insights, topics: Topics, tables: Tables, rules: tuple[Rule, ...]) -> Alerts:
    alerts = Alerts(topics, tables, rules)

    @app.agent(topics.placed, name="alerts")
    async def read_placed(stream: StreamT[Placed]) -> None:
        await settle_all(app, stream, alerts.handle)

    return alerts

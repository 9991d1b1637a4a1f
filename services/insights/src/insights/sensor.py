"""Faust's sensor for Prometheus, and the watch that says how the worker is."""

# what Faust hands to a sensor is not always of use
# ruff: noqa: ARG002

import asyncio
from time import monotonic
from typing import Any

from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted
from faust.sensors import Sensor
from faust.types import TP, AppT, CollectionT
from faust.types.transports import ConsumerT, ProducerT
from faust.types.tuples import PendingMessage, RecordMetadata

from bazaar_shared.consumer import LAG
from insights.metrics import (
    COMMIT_SECONDS,
    PARTITIONS,
    REBALANCES,
    RECOVERING,
    RECOVERY_SECONDS,
    SEND_ERRORS,
    SEND_SECONDS,
    TABLE_WRITES,
)

_PROBE_EVERY = 5.0
_PROBE_TIMEOUT = 2.0


class PrometheusSensor(Sensor):
    """Faust calls these around what it does; what `…_in` and `…_initiated` return comes back as `state`."""

    def on_table_set(self, table: CollectionT, key: Any, value: Any) -> None:
        TABLE_WRITES.labels(table.name).inc()

    def on_commit_initiated(self, consumer: ConsumerT) -> float:
        return monotonic()

    def on_commit_completed(self, consumer: ConsumerT, state: Any) -> None:
        COMMIT_SECONDS.observe(monotonic() - state)

    def on_send_initiated(
        self,
        producer: ProducerT,
        topic: str,
        message: PendingMessage,
        keysize: int,
        valsize: int,
    ) -> float:
        return monotonic()

    def on_send_completed(self, producer: ProducerT, state: Any, metadata: RecordMetadata) -> None:
        SEND_SECONDS.observe(monotonic() - state)

    def on_send_error(self, producer: ProducerT, exc: BaseException, state: Any) -> None:
        SEND_ERRORS.inc()

    def on_rebalance_start(self, app: AppT) -> dict[str, Any]:
        REBALANCES.inc()
        return {"began": monotonic()}

    def on_rebalance_end(self, app: AppT, state: dict[str, Any]) -> None:
        RECOVERY_SECONDS.set(monotonic() - state["began"])


class Watch:
    """Turns once a second, also while the tables are recovered: then the worker lives, and is not ready."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._known: set[TP] = set()
        self._probe_at = 0.0

    async def turn(self) -> None:
        app, health = self._app, self._app.health
        health.beat()
        recovering = not app.tables.actives_ready or app.rebalancing
        RECOVERING.set(recovering)
        health.set("tables", "they are brought up to date" if recovering else True)
        self._tell_lag()
        if monotonic() >= self._probe_at:
            health.set("kafka", await self._probe())
            self._probe_at = monotonic() + _PROBE_EVERY

    async def _probe(self) -> bool | str:
        # the client keeps silent about a broker that is away
        if not self._app.producer.connected:
            return "not connected yet"
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT):
                await self._app.producer._ensure_producer().client.fetch_all_metadata()
        except (KafkaError, TimeoutError, OSError):
            return "no broker answers"
        return True

    def _tell_lag(self) -> None:
        consumer = self._app.consumer
        try:
            assigned = consumer.assignment()
        except ConsumerNotStarted:
            return
        read = {tp for tp in assigned if tp.topic not in self._app.tables.changelog_topics}
        for tp in self._known - read:
            LAG.remove(self._app.topology.app_id, tp.topic, str(tp.partition))
        self._known = read
        PARTITIONS.set(sum(1 for tp in read if tp.topic == self._app.topology.orders))
        for tp in read:
            end = consumer.highwater(tp)
            # what was committed is behind what was read by a second at most
            committed = consumer._committed_offset[tp] or 0
            if end is not None:
                LAG.labels(self._app.topology.app_id, tp.topic, str(tp.partition)).set(
                    max(end - committed, 0)
                )

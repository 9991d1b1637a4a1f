"""What is seen while it runs: every process scraped, one trace through all of them, logs that say which."""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from typing import Any

import httpx
import pytest

from bazaar_shared.envelope import Event
from native.modes import Mode
from tests.contract.test_asyncapi import TOPICS, everything
from tests.kit.market import Shopper, checkout, eventually

Row = dict[str, Any]


@pytest.fixture(scope="module")
def mode() -> Mode:
    return Mode.detect()


def prometheus(mode: Mode, path: str, **query: str) -> Any:
    answer = httpx.get(f"{mode.addresses().prometheus}/api/v1/{path}", params=query, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_prometheus_scrapes_every_process_and_finds_it_up(mode: Mode, market: Row) -> None:
    expected = set(mode.addresses().management) | {"rabbitmq", "prometheus"}

    def up() -> set[str]:
        targets = prometheus(mode, "targets", state="active")["activeTargets"]
        healthy = {target["labels"]["process"] for target in targets if target["health"] == "up"}
        return healthy if expected <= healthy and len(targets) == len(healthy) else set()

    assert eventually(up, within=60, every=1, what=f"{sorted(expected)} to be up")


def test_the_rules_are_loaded(mode: Mode, market: Row) -> None:
    groups = prometheus(mode, "rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert rules
    assert [rule["name"] for rule in rules if rule.get("health") == "err"] == []
    assert any(rule["type"] == "alerting" for rule in rules)


def test_one_http_metric_serves_all_services(mode: Mode, shopper: Shopper, goods: list[Row]) -> None:
    shopper.settled(shopper.buy([(goods[0], 1)])["id"])
    query = 'count by (service) (http_server_request_duration_seconds_count{http_route!="unmatched"})'

    def services() -> set[str]:
        found = {row["metric"]["service"] for row in prometheus(mode, "query", query=query)["result"]}
        return found if {"identity", "catalog", "orders"} <= found else set()

    assert eventually(services, within=60, every=1, what="requests of all services in Prometheus")


def log_lines(mode: Mode, process: str, trace_id: str) -> list[Row]:
    lines = [
        line[line.find("{") :]
        for line in mode.read_logs(process, lines=3000).splitlines()
        if trace_id in line
    ]
    return [json.loads(line) for line in lines]


def test_one_trace_crosses_http_rpc_outbox_and_kafka(mode: Mode, shopper: Shopper, goods: list[Row]) -> None:
    trace_id = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01", "Idempotency-Key": uuid.uuid4().hex}
    answer = shopper.post("/api/orders", json=checkout([(goods[0], 1)]), headers=headers)
    assert answer.status_code == 202, answer.text
    order_id = answer.json()["id"]
    shopper.settled(order_id)

    processes = [
        "gateway",
        "orders-saga",
        "inventory",
        "payments",
        "shipping",
        "orders-relay",
        "orders-consume",
    ]

    def in_logs() -> list[str]:
        seen = [process for process in processes if log_lines(mode, process, trace_id)]
        return seen if {"gateway", "orders-saga", "inventory", "payments", "shipping"} <= set(seen) else []

    eventually(in_logs, within=30, every=1, what=f"trace {trace_id} in the logs of the saga's processes")
    for line in log_lines(mode, "payments", trace_id):
        assert line["service"]
        assert line["level"]
        assert "tok_approve" not in json.dumps(line), "a payment token stands in a log"

    async def facts() -> set[str]:
        found = set()
        for topic, records in (await everything()).items():
            for record in records:
                event = Event.from_json(record.value)
                if event.data.get("order_id") == order_id and trace_id in (event.traceparent or ""):
                    found.add(topic)
        return found

    assert {"orders.order", "payments.payment", "shipping.parcel"} <= asyncio.run(facts())
    assert "inventory.stock" in TOPICS


def test_the_answer_names_its_trace(shopper: Shopper) -> None:
    trace_id = secrets.token_hex(16)
    answer = shopper.get("/api/orders", headers={"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"})
    assert answer.headers["x-trace-id"] == trace_id

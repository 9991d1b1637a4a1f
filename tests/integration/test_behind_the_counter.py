"""An order, seen by who is told of it: its owner, the mails to be sent, the stall's figures."""

from __future__ import annotations

import json
import subprocess
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.integration.stage import Stage
from tests.integration.test_services_together import Till, product, token
from tests.kit.beside import BROWSER
from tests.kit.market import eventually

__all__ = ["product", "token"]  # fixtures of the other module

Row = dict[str, Any]


def export(stage: Stage, service: str, process: str) -> list[Row]:
    chosen = stage.compose.processes[process]
    assert chosen.project is not None
    command = [str(chosen.project / ".venv" / "bin" / "python"), "-m", service, "export"]
    environment = stage.environment(chosen)
    done = subprocess.run(
        command, env=environment, cwd=chosen.project, capture_output=True, text=True, timeout=60, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def bought(stage: Stage, product: Row, token: str) -> str:
    till = Till(stage, token)
    made = eventually(
        lambda: answer if (answer := till.order(product, 2)).status_code == 202 else None,
        within=60,
        every=0.5,
        what="orders to know the price",
    )
    assert made is not None
    order_id: str = made.json()["id"]
    assert till.ended(order_id) == "confirmed"
    return order_id


@pytest.mark.parametrize("replica", ["chat", "chat-2"])
def test_both_replicas_tell_the_owner_what_became_of_the_order(
    stage: Stage, token: str, bought: str, replica: str
) -> None:
    url = f"{stage.url(replica)}/api/chat/orders/{bought}/updates"
    mine = {"Authorization": f"Bearer {token}"}

    def statuses() -> list[str]:
        answer = httpx.get(url, params={"after": 0, "wait": 5}, headers=mine, timeout=30)
        found = [item["status"] for item in answer.json().get("items", ())]
        return found if "confirmed" in found else []

    assert eventually(statuses, within=60, what="the order's way at chat")[:2] == ["pending", "confirmed"]
    assert httpx.get(url, params={"after": 0, "wait": 0}, timeout=30).status_code == 401


def test_there_is_one_intent_for_its_mail(stage: Stage, bought: str) -> None:
    def intents() -> list[Row]:
        rows = export(stage, "notifications", "notifications-consume")
        return [row for row in rows if row["kind"] == "mail_intent" and row["order_id"] == bought]

    (intent,) = eventually(intents, within=60, every=1, what="the intent")
    assert intent["template"] == "order_confirmed"
    assert "@" not in intent["recipient"], "no address is kept"


def test_insights_count_the_order_once_for_its_stall(stage: Stage, bought: str, product: Row) -> None:
    def counted() -> list[Row]:
        rows = export(stage, "insights", "insights")
        return [row for row in rows if row["kind"] == "insight_order" and row["order_id"] == bought]

    (row,) = eventually(counted, within=90, every=1, what="the order in insights' books")
    assert (row["seller_id"], row["amount_minor"], row["state"]) == (
        product["seller"]["id"],
        2 * product["price_minor"],
        "counted",
    )


def test_clicks_become_a_trend(stage: Stage, product: Row) -> None:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    seen = {"id": str(uuid.uuid4()), "kind": "view", "at": now, "product_id": product["id"]}
    body = {"session_id": str(uuid.uuid4()), "events": [seen]}
    answer = httpx.post(f"{stage.url('clickstream')}/api/clickstream", json=body, headers=BROWSER, timeout=15)
    assert answer.status_code == 202, answer.text

    def trends() -> list[Row]:
        found = httpx.get(f"{stage.url('insights')}/api/insights/trending", timeout=15).json()
        return [item for item in found.get("items", ()) if item["product_id"] == product["id"]]

    (item,) = eventually(trends, within=60, every=0.5, what="the product among what trends")
    assert (item["views"], item["score"]) == (1, 1)

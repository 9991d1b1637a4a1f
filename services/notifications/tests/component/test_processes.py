"""The processes themselves: started in any order, looked at, stopped."""

import json
import os
import re
import subprocess
import sys

import httpx
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from notifications.storage.tables import metadata
from sqlalchemy import create_engine, make_url

from bazaar_shared.testing import eventually
from bazaar_shared.testing.processes import free_port
from bazaar_shared.testing.topics import records, send

from .processes import Start, together
from .test_retries import replay
from .world import World, order_event


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "notifications", *arguments],
        env={"PATH": os.environ["PATH"]} | env,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_the_tables_are_what_the_migrations_make(database: str):
    engine = create_engine(make_url(database).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            found for found in compare_metadata(context, metadata) if "alembic_version" not in str(found)
        ]
    engine.dispose()
    assert differences == []


def test_missing_settings_are_all_named_and_the_help_needs_none():
    refused = run("worker")
    names = (
        "DATABASE_URL",
        "AMQP_URL",
        "REDIS_URL",
        "KAFKA_BOOTSTRAP_SERVERS",
        "IDENTITY_URL",
        "CLIENT_SECRET_FILE",
        "SMTP_URL",
    )
    assert refused.returncode == 2
    assert all(f"{name} is missing" in refused.stderr for name in names)
    told = run("--help").stdout
    for command in (
        "worker",
        "beat",
        "consume",
        "flower",
        "migrate",
        "export",
        "replay-dead-letters",
        "render",
    ):
        assert f"\n    {command}" in told


@pytest.mark.parametrize("command", ["worker", "consume"])
def test_a_process_waits_for_its_database(start: Start, command: str):
    process = start(command, DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/none")

    eventually(lambda: "waiting for the database" in process.printed(), within=60)

    assert process.managed("/health/live")[0] == 200
    status, health = process.managed("/health/ready")
    assert status == 503
    assert json.loads(health)["checks"]["schema"] != "ok"
    assert process.stop() == 0


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_a_process_waits_for_its_broker(start: Start, command: str):
    process = start(command, AMQP_URL=f"amqp://nobody@127.0.0.1:{free_port()}/none")

    eventually(lambda: "ECONNREFUSED" in process.printed() or "refused" in process.printed(), within=60)

    assert process.managed("/health/live")[0] == 200
    status, health = process.managed("/health/ready")
    assert status == 503
    assert json.loads(health)["checks"]["broker"] != "ok"
    assert process.stop() == 0


def test_what_is_seen_of_a_worker(start: Start, world: World):
    order = world.market.order(world.market.product(picture=None))
    worker, _ = together(start, "worker", "consume")
    world.tell("orders.order", order_event(order, "confirmed"))
    eventually(lambda: world.states(order) == {("order_confirmed", "sent"): 1}, within=60)

    def seen() -> bool:
        told = worker.managed("/metrics")[1]
        return all(
            line in told
            for line in (
                'celery_task_duration_seconds_count{outcome="sent",task="notifications.mails.send"} 1.0',
                'notifications_rows{kind="intent",state="sent",template="order_confirmed"}',
                'notifications_queue_messages{queue="notifications.dead"} 0.0',
                'health_check_ready{check="broker"} 1.0',
            )
        )

    eventually(seen, within=20)
    books = run("export", **world.environment)
    lines = [json.loads(line) for line in books.stdout.splitlines()]
    [mine] = [line for line in lines if line["order_id"] == str(order.id)]
    intent = world.intent(f"order:{order.id}", "order_confirmed")
    assert intent
    assert mine.pop("created_at") == intent["created_at"].isoformat()
    assert mine == {
        "kind": "mail_intent",
        "id": str(intent["id"]),
        "cause": f"order:{order.id}",
        "template": "order_confirmed",
        "recipient": str(order.shopper_id),
        "order_id": str(order.id),
        "state": "sent",
        "message_id": intent["message_id"],
        "attempts": 1,
    }


def test_flower_shows_and_may_do_nothing(start: Start):
    worker = start("worker").until_ready()
    # what would open its API is taken away
    flower = start("flower", FLOWER_UNAUTHENTICATED_API="true")
    flower.until_ready()

    def seen(metrics: str) -> bool:
        return re.search(r'flower_worker_online\{worker="notifications@.+"\} 1.0', metrics) is not None

    eventually(lambda: seen(httpx.get(f"{flower.url}/metrics").text), within=30)
    # and where everything is scraped
    assert seen(flower.managed("/metrics")[1])

    name = json.loads(worker.printed().splitlines()[-1])["message"].removesuffix(" ready.")
    assert httpx.get(f"{flower.url}/workers").status_code == 200
    assert httpx.post(f"{flower.url}/api/worker/shutdown/{name}").status_code == 401
    assert httpx.post(f"{flower.url}/api/task/async-apply/notifications.scans.due").status_code == 401
    assert httpx.get(f"{flower.url}/api/tasks").status_code == 401
    assert worker.ended is None
    assert flower.stop() == 0


def test_what_makes_no_sense_on_kafka_is_put_aside_and_comes_back_by_command(
    start: Start, world: World, kafka: str, rows: psycopg.Connection
):
    order = world.market.order(world.market.product(picture=None))
    nonsense = order_event(order, "confirmed")
    broken = json.loads(nonsense.to_json())
    broken["data"]["lines"] = "none"
    start("consume").until_ready()

    send(kafka, "orders.order", [(nonsense.subject, json.dumps(broken).encode())])
    world.tell("orders.order", order_event(order, "cancelled", "out_of_stock"))

    eventually(lambda: world.states(order) == {("order_cancelled", "pending"): 1}, within=60)

    # others' nonsense may stand on the same topics, when their tests run at the same broker
    def aside() -> int:
        return [key for key, _ in records(kafka, "dead-letter.notifications")].count(nonsense.subject)

    assert aside() == 1
    said = json.loads(replay(world).splitlines()[-1])
    assert said["message"] == "dead letters replayed"
    assert said["refused"] >= 1
    # it makes no more sense than before
    assert aside() == 2

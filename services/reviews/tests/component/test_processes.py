"""The processes themselves: started in any order, stopped in peace, killed in the middle of their work."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
import yaml

from bazaar_shared.testing import TokenForge, eventually, temporary_database
from bazaar_shared.testing.processes import accepts, free_port
from bazaar_shared.testing.topics import make_topics, records, send, send_events

from .conftest import server
from .processes import Process, Start
from .world import WORDS, order_event

TOPIC, ORDERS, DEAD = "reviews.review", "orders.order", "dead-letter.reviews"


@pytest.fixture(scope="module")
def kafka() -> str:
    servers = server("TEST_KAFKA_BOOTSTRAP")
    make_topics(servers, TOPIC, ORDERS, DEAD)
    return servers


@pytest.fixture(scope="module")
def environment(jwks_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    key = tmp_path_factory.mktemp("secrets") / "key"
    key.write_text("a key for tests only")
    with temporary_database(server("TEST_POSTGRES_URL"), "test_reviews") as url:
        yield {
            "DATABASE_URL": url,
            "SECRET_KEY_FILE": str(key),
            "KAFKA_BOOTSTRAP_SERVERS": server("TEST_KAFKA_BOOTSTRAP"),
            "JWKS_URL": jwks_url,
        }


@pytest.fixture(scope="module")
def start(environment: dict[str, str]) -> Iterator[Start]:
    started: list[Process] = []

    def run(command: str = "serve", **changes: str) -> Process:
        started.append(Process(command, **environment | changes))
        return started[-1]

    yield run
    for process in started:
        process.kill()


@pytest.fixture(scope="module")
def two(start: Start) -> list[Process]:
    """Two replicas that start at the same moment on an empty database."""
    return [process.until_ready() for process in [start(), start()]]


@pytest.fixture
def database(environment: dict[str, str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
        yield connection


class Shopper:
    def __init__(self, forge: TokenForge, database: psycopg.Connection, *products: UUID) -> None:
        self.id = uuid4()
        self.headers = {"Authorization": f"Bearer {forge.token(str(self.id))}"}
        for product_id in products:
            database.execute(
                "insert into purchases values (%s, %s, %s, 'delivered', 5, false)",
                (uuid4(), product_id, self.id),
            )

    def review(self, process: Process, product_id: UUID, **changes: Any) -> httpx.Response:
        url = f"{process.url}/products/{product_id}"
        return httpx.post(url, json={**WORDS, **changes}, headers=self.headers, timeout=20)


def test_two_replicas_that_start_at_once_migrate_once(two: list[Process], database: psycopg.Connection):
    assert database.execute("select version_num from alembic_version").fetchall() == [("0001",)]
    product_id = uuid4()
    for process in two:
        assert httpx.get(f"{process.url}/products/{product_id}").json() == {"items": [], "next_cursor": None}


def test_what_one_replica_stores_the_other_shows(
    two: list[Process], database: psycopg.Connection, forge: TokenForge
):
    product_id = uuid4()
    review = Shopper(forge, database, product_id).review(two[0], product_id).json()

    assert httpx.get(f"{two[1].url}/{review['id']}").json()["title"] == review["title"]


def test_a_request_is_seen_in_log_trace_and_metric_by_its_rule(two: list[Process]):
    process, trace = two[0], "0af7651916cd43dd8448eb211c80319c"

    answer = httpx.get(
        f"{process.url}/mine/products/{uuid4()}", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    )

    assert answer.status_code == 401
    assert answer.headers["X-Trace-Id"] == answer.json()["trace_id"] == trace
    line = eventually(lambda: [found for found in process.lines() if found.get("trace_id") == trace])[0]
    route = "/api/reviews/mine/products/{product_id}"
    assert (line["service"], line["route"], line["status"]) == ("reviews", route, 401)
    assert (
        f'http_request_method="GET",http_response_status_code="401",http_route="{route}"'
        in (process.managed("/metrics")[1])
    )


@pytest.mark.parametrize("chunked", [True, False])
def test_a_huge_body_is_refused_with_a_length_and_without(
    two: list[Process], database: psycopg.Connection, forge: TokenForge, chunked: bool
):
    product_id = uuid4()
    shopper = Shopper(forge, database, product_id)
    body = json.dumps(WORDS).encode() + b" " * 80_000  # good, if its end were cut off
    content = iter([body[:40_000], body[40_000:]]) if chunked else body

    answer = httpx.post(
        f"{two[0].url}/products/{product_id}",
        content=content,
        headers=shopper.headers | {"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["status"]) == (413, 413)


def test_a_chunked_body_that_is_small_is_read(
    two: list[Process], database: psycopg.Connection, forge: TokenForge
):
    product_id = uuid4()
    shopper = Shopper(forge, database, product_id)

    answer = httpx.post(
        f"{two[0].url}/products/{product_id}",
        content=iter([json.dumps(WORDS).encode()]),
        headers=shopper.headers | {"Content-Type": "application/json"},
    )

    assert answer.status_code == 201


def test_connections_that_broke_cost_no_request(two: list[Process], database: psycopg.Connection):
    ended = database.execute(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid()"
    ).fetchone()
    assert ended
    assert ended[0] > 0

    for process in two:
        for _ in range(8):
            assert httpx.get(f"{process.url}/products/{uuid4()}/summary").status_code == 200


def test_a_stop_finishes_what_is_at_work(
    start: Start, environment: dict[str, str], database: psycopg.Connection, forge: TokenForge
):
    process = start().until_ready()
    product_id = uuid4()
    shopper = Shopper(forge, database, product_id)
    answers: list[httpx.Response] = []
    request = threading.Thread(target=lambda: answers.append(shopper.review(process, product_id)))
    with psycopg.connect(environment["DATABASE_URL"]) as blocker:
        blocker.execute("lock table rating_summaries in exclusive mode")
        request.start()
        of_ours = "select count(*) from pg_stat_activity where datname = current_database()"
        waiting = f"{of_ours} and wait_event_type = 'Lock'"
        eventually(lambda: database.execute(waiting).fetchone() == (1,))
        process.signal()
        eventually(lambda: not accepts(process.http))
        assert request.is_alive()
        blocker.rollback()
    request.join(timeout=20)

    assert [answer.status_code for answer in answers] == [201]
    assert process.child.wait(timeout=20) == 0
    assert database.execute(
        "select count(*) from reviews where product_id = %s", (product_id,)
    ).fetchone() == (1,)


def test_kill_9_of_serve_loses_nothing_that_was_acknowledged(
    start: Start, database: psycopg.Connection, forge: TokenForge
):
    process = start().until_ready()
    workers = process.workers()
    assert len(workers) == 1
    product_id = uuid4()
    shoppers = [Shopper(forge, database, product_id) for _ in range(60)]
    acknowledged: list[str] = []

    def write(mine: list[Shopper]) -> None:
        for shopper in mine:
            try:
                answer = shopper.review(process, product_id, rating=5)
            except httpx.TransportError:
                return
            if answer.status_code == 201:
                acknowledged.append(answer.json()["id"])

    writers = [threading.Thread(target=write, args=(shoppers[number::4],)) for number in range(4)]
    for writer in writers:
        writer.start()
    eventually(lambda: len(acknowledged) >= 10)
    process.kill()
    for writer in writers:
        writer.join()

    # the worker ends with the process that watched it: nobody answers here any more
    eventually(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers))
    assert not accepts(process.http)
    stored = {
        str(row[0]) for row in database.execute("select id from reviews where product_id = %s", (product_id,))
    }
    assert set(acknowledged) <= stored
    # each stored one has its event and its place in the sum, also those whose answer was cut off
    events = database.execute("select count(*) from outbox where key = any(%s)", (sorted(stored),)).fetchone()
    sums = database.execute(
        "select stars_5 from rating_summaries where product_id = %s", (product_id,)
    ).fetchone()
    assert events == sums == (len(stored),)


def test_a_worker_that_dies_is_replaced(start: Start):
    process = start().until_ready()
    [worker] = process.workers()

    os.kill(worker, signal.SIGKILL)

    eventually(lambda: process.workers() not in ([], [worker]) and process.is_ready(), within=30)
    assert httpx.get(f"{process.url}/products/{uuid4()}/summary").status_code == 200
    assert process.stop() == 0


def test_kill_9_of_the_relay_loses_no_event(
    start: Start, kafka: str, two: list[Process], database: psycopg.Connection, forge: TokenForge
):
    products = [uuid4() for _ in range(40)]
    shopper = Shopper(forge, database, *products)
    relay = start("relay").until_ready()

    ids = []
    for number, product_id in enumerate(products):
        answer = shopper.review(two[number % 2], product_id)
        ids.append(answer.json()["id"])
        if number == 20:
            relay.kill()
    again = start("relay").until_ready()

    def all_there() -> bool:
        keys = [key for key, event in records(kafka, TOPIC) if key == event.data["review_id"]]
        return set(ids) <= set(keys)

    eventually(all_there, within=30, every=0.5)
    unsent = "select count(*) from outbox where sent_at is null"
    eventually(lambda: database.execute(unsent).fetchone() == (0,), within=20)
    assert again.stop() == 0


def test_kill_9_of_the_consumer_loses_no_delivery(start: Start, kafka: str, database: psycopg.Connection):
    shopper_id, products = uuid4(), [uuid4() for _ in range(60)]
    events = [order_event("delivered", shopper_id, product_id) for product_id in products]
    known = "select count(*) from purchases where shopper_id = %s"

    def count() -> int:
        row = database.execute(known, (shopper_id,)).fetchone()
        return int(row[0]) if row else 0

    consumer = start("consume").until_ready()
    send_events(kafka, ORDERS, events[:30])
    eventually(lambda: count() >= 5, within=30)
    consumer.kill()
    send_events(kafka, ORDERS, [*events[30:], *events[:10]])
    again = start("consume").until_ready()

    eventually(lambda: count() == 60, within=40)
    handled = database.execute(
        "select count(*) from inbox where event_id = any(%s)", ([event.id for event in events],)
    ).fetchone()
    assert handled == (60,)
    assert again.stop() == 0


def test_what_can_not_be_handled_is_put_aside_and_comes_back_by_command(
    start: Start, kafka: str, environment: dict[str, str], database: psycopg.Connection
):
    nonsense, good = order_event("delivered", uuid4(), uuid4()), order_event("delivered", uuid4(), uuid4())
    broken = json.loads(nonsense.to_json())
    broken["data"]["lines"] = "none"
    consumer = start("consume").until_ready()

    send(kafka, ORDERS, [(nonsense.subject, json.dumps(broken).encode())])
    send_events(kafka, ORDERS, [good])

    by_order = "select count(*) from purchases where order_id = %s"
    eventually(lambda: database.execute(by_order, (good.subject,)).fetchone() == (1,), within=30)
    dead = [key for key, _ in records(kafka, DEAD)]
    assert nonsense.subject in dead
    assert consumer.stop() == 0
    done = subprocess.run(
        [sys.executable, "-m", "reviews", "replay-dead-letters"],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        timeout=60,
        check=True,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["message"], said["refused"] >= 1) == ("dead letters replayed", True)
    assert database.execute(by_order, (nonsense.subject,)).fetchone() == (0,)


@pytest.mark.parametrize("command", ["serve", "relay", "consume"])
def test_a_process_waits_for_its_database(start: Start, command: str):
    process = start(command, DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/reviews")

    eventually(lambda: "waiting for the database" in process.printed(), within=60)

    assert process.managed("/health/live")[0] == 200
    status, health = process.managed("/health/ready")
    assert status == 503
    assert json.loads(health)["checks"]["schema"] != "ok"
    assert not accepts(process.http)
    assert process.stop() == 0


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reviews", *arguments],
        env={"PATH": os.environ["PATH"]} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["serve", "relay", "consume", "migrate", "seed", "export", "recount"])
def test_missing_settings_are_all_named(command: str):
    result = run(command)

    assert result.returncode == 1
    assert result.stderr.strip() == (
        "reviews: missing settings: DATABASE_URL, SECRET_KEY_FILE, KAFKA_BOOTSTRAP_SERVERS, JWKS_URL"
    )


def test_seed_export_and_recount_by_command(two: list[Process], environment: dict[str, str]):
    demo = Path(__file__).parents[4] / "demo"
    wanted = len(yaml.safe_load((demo / "reviews.yaml").read_text("utf-8"))["reviews"])

    seeded = run("seed", DEMO_DIR=str(demo), **environment)
    exported = run("export", **environment)
    counted = run("recount", **environment)

    assert seeded.returncode == 0, seeded.stderr
    assert seeded.stdout.splitlines()[-1] == f"reviews: {wanted} reviews added"
    kinds = [json.loads(line)["kind"] for line in exported.stdout.splitlines()]
    assert set(kinds) == {"review", "rating_summary", "outbox"}
    assert kinds.count("review") >= wanted
    assert (counted.returncode, counted.stdout) == (0, "")


def test_the_contract_and_the_help_need_nothing():
    committed = Path(__file__).parents[4] / "shared" / "contracts" / "openapi" / "reviews.json"

    assert run("openapi").stdout == committed.read_text("utf-8")
    told = run("--help").stdout
    for command in (
        "serve",
        "relay",
        "consume",
        "migrate",
        "seed",
        "export",
        "openapi",
        "replay-dead-letters",
    ):
        assert f"\n  {command} " in told

"""The relay on a real PostgreSQL and a real Kafka."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from prometheus_client import REGISTRY

from bazaar_shared import dispatch, housekeeping, telemetry
from bazaar_shared.management import Health
from bazaar_shared.outbox import publish
from bazaar_shared.relay import RELAY_LOCK
from bazaar_shared.testing import aeventually

from .kit import Kafka, Line, event, relay, unsent


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def all_sent(connection: asyncpg.Connection) -> None:
    async def none_left() -> bool:
        return await unsent(connection) == 0

    await aeventually(none_left, within=20)


async def sent_versions(kafka: Kafka, topic: str) -> dict[str, list[int]]:
    """By key, in the order of the log."""
    versions: dict[str, list[int]] = {}
    for one in await kafka.events(topic):
        versions.setdefault(one.subject, []).append(one.version)
    return versions


async def kill_relay(database: str) -> None:
    """Ends the connection that holds the lock, as an administrator or a failing server would."""
    connection = await asyncpg.connect(database)
    killed = await connection.fetch(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted"
        " and database = (select oid from pg_database where datname = current_database())"
        " and (classid::bigint << 32 | objid::bigint) = $1",
        RELAY_LOCK,
    )
    await connection.close()
    assert len(killed) == 1


async def test_an_event_leaves_as_it_was_written(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic()
    telemetry.configure("tests", "component")
    with telemetry.span("placing an order"):
        placed = event("o-1", 7, name="Grüner Tee")
    before = metric("outbox_sent_total", relay="whole", topic=topic)
    async with relay(database, bootstrap, "whole"):
        await publish(connection, topic, placed)
        await all_sent(connection)
        (message,) = await kafka.messages(topic)
    assert message.key == b"o-1"
    assert json.loads(message.value) == placed.to_dict()
    assert dict(message.headers) == {
        "content-type": b"application/cloudevents+json",
        "traceparent": placed.traceparent.encode(),
    }
    row = await connection.fetchrow("select attempts, last_error, sent_at from outbox")
    assert (row["attempts"], row["last_error"]) == (1, None)
    assert row["sent_at"] is not None
    assert metric("outbox_sent_total", relay="whole", topic=topic) == before + 1


async def test_what_was_rolled_back_never_leaves(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic()
    async with relay(database, bootstrap):
        transaction = connection.transaction()
        await transaction.start()
        await publish(connection, topic, event("never", 1))
        await transaction.rollback()
        await publish(connection, topic, event("o-1", 1))
        await all_sent(connection)
    assert await sent_versions(kafka, topic) == {"o-1": [1]}


async def test_a_notification_wakes_the_relay_long_before_it_would_poll(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic()
    async with relay(database, bootstrap, "woken", poll=600):
        await aeventually(lambda: metric("outbox_relay_active", relay="woken") == 1)
        for version in (1, 2, 3):
            await publish(connection, topic, event("o-1", version))
            await all_sent(connection)
    assert await sent_versions(kafka, topic) == {"o-1": [1, 2, 3]}


async def test_a_row_without_a_notification_is_found_by_polling(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic()
    insert = "insert into outbox (topic, key, envelope) values ($1, 'o-1', $2)"
    async with relay(database, bootstrap, "polling"):
        await aeventually(lambda: metric("outbox_relay_active", relay="polling") == 1)
        await connection.execute(insert, topic, event("o-1").to_json().decode())
        await all_sent(connection)
    assert await sent_versions(kafka, topic) == {"o-1": [1]}


async def test_a_backlog_keeps_the_order_of_each_key(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic()
    async with connection.transaction():
        for version in range(1, 41):
            for key in ("a", "b", "c"):
                await publish(connection, topic, event(key, version))
    async with relay(database, bootstrap, batch=7):
        await all_sent(connection)
    assert await sent_versions(kafka, topic) == {key: list(range(1, 41)) for key in ("a", "b", "c")}


async def test_commits_out_of_the_sequences_order_lose_nothing(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic()
    other = await asyncpg.connect(database)
    async with relay(database, bootstrap):
        late = other.transaction()
        await late.start()
        await publish(other, topic, event("first-id", 1))
        await publish(connection, topic, event("second-id", 1))
        await all_sent(connection)
        assert await sent_versions(kafka, topic) == {"second-id": [1]}
        await late.commit()
        await all_sent(connection)
    assert await sent_versions(kafka, topic) == {"first-id": [1], "second-id": [1]}
    rows = await connection.fetch("select key from outbox order by id")
    assert [row["key"] for row in rows] == ["first-id", "second-id"]
    await other.close()


async def test_of_two_relays_one_works_and_each_event_leaves_once(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic()
    async with relay(database, bootstrap, "one"), relay(database, bootstrap, "two"):
        for version in range(1, 101):
            await publish(connection, topic, event(f"o-{version % 10}", version))
        await all_sent(connection)
        active = [metric("outbox_relay_active", relay=name) for name in ("one", "two")]
        assert sorted(active) == [0, 1]
    sent = [one.version for one in await kafka.events(topic)]
    assert sorted(sent) == list(range(1, 101))


async def test_a_standby_takes_over_when_the_active_one_stops(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic()
    health = Health("database", "kafka")
    async with relay(database, bootstrap, "leaving"):
        await aeventually(lambda: metric("outbox_relay_active", relay="leaving") == 1)
        standby = relay(database, bootstrap, "standby", health=health)
        await standby.__aenter__()
        await aeventually(lambda: health.get("database") is True)
        assert metric("outbox_relay_active", relay="standby") == 0
    await aeventually(lambda: metric("outbox_relay_active", relay="standby") == 1)
    assert metric("outbox_relay_active", relay="leaving") == 0
    await publish(connection, topic, event("o-1"))
    await all_sent(connection)
    await standby.__aexit__(None, None, None)
    assert await sent_versions(kafka, topic) == {"o-1": [1]}


async def test_a_standby_keeps_no_snapshot_open(
    database: str, connection: asyncpg.Connection, bootstrap: str
) -> None:
    health = Health("database", "kafka")
    async with relay(database, bootstrap, "holder"):
        await aeventually(lambda: metric("outbox_relay_active", relay="holder") == 1)
        async with relay(database, bootstrap, "waiter", health=health):
            await aeventually(lambda: health.get("database") is True)
            horizon = await connection.fetchval(
                "select count(*) from pg_stat_activity where application_name = 'relay waiter'"
                " and state <> 'active' and backend_xmin is not null"
            )
            assert horizon == 0


async def test_a_relay_whose_lock_connection_is_killed_sends_nothing_more_on_it(
    database: str,
    connection: asyncpg.Connection,
    kafka: Kafka,
    bootstrap: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten events of one key are in its hands, the lock goes after the third: no fourth leaves."""
    topic = await kafka.topic(partitions=1)
    sent: list[int] = []
    send_row = dispatch.Dispatch._send_row

    async def send_and_lose_the_lock(self: dispatch.Dispatch, row: Any) -> None:
        await send_row(self, row)
        sent.append(row["id"])
        if len(sent) == 3:
            await kill_relay(database)
            await aeventually(self._connection.is_closed)

    monkeypatch.setattr(dispatch.Dispatch, "_send_row", send_and_lose_the_lock)
    async with connection.transaction():
        for version in range(1, 11):
            await publish(connection, topic, event("o-1", version))
    async with relay(database, bootstrap):
        await all_sent(connection)
    # what was acknowledged but not marked leaves again: at least once, and in order
    assert await sent_versions(kafka, topic) == {"o-1": [1, 2, 3, *range(1, 11)]}


async def test_the_standby_takes_over_when_the_lock_connection_is_killed(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic()
    async with relay(database, bootstrap, "one"), relay(database, bootstrap, "two"):
        for version in range(1, 121):
            await publish(connection, topic, event(f"o-{version % 4}", version))
            if version % 40 == 0:
                await aeventually(
                    lambda: sum(metric("outbox_relay_active", relay=name) for name in ("one", "two"))
                )
                await kill_relay(database)
        await all_sent(connection)
    for key, versions in (await sent_versions(kafka, topic)).items():
        expected = [version for version in range(1, 121) if f"o-{version % 4}" == key]
        assert sorted(set(versions)) == expected


async def test_a_record_too_large_for_kafka_holds_back_its_key_only(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic(partitions=1)
    await publish(connection, topic, event("poison", 1, padding="x" * 1_100_000))
    await publish(connection, topic, event("poison", 2))
    await publish(connection, topic, event("healthy", 1))
    async with relay(database, bootstrap, "poisoned"):
        await publish(connection, topic, event("healthy", 2))

        async def only_the_poisoned_key_waits() -> bool:
            return await unsent(connection) == 2

        await aeventually(only_the_poisoned_key_waits)
        assert await sent_versions(kafka, topic) == {"healthy": [1, 2]}
        poison, waiting = await connection.fetch("select * from outbox where sent_at is null order by id")
        assert poison["attempts"] >= 1
        assert poison["last_error"].startswith("MessageSizeTooLargeError: ")
        assert (waiting["key"], waiting["attempts"], waiting["last_error"]) == ("poison", 0, None)
        failures = {"relay": "poisoned", "topic": topic, "reason": "MessageSizeTooLargeError"}
        assert metric("outbox_failures_total", **failures) >= 1
        await aeventually(lambda: metric("outbox_held_keys", relay="poisoned") == 1)
        # repaired by hand, as README.md says: the key goes on in order
        repaired = event("poison", 1).to_json().decode()
        await connection.execute("update outbox set envelope = $1 where id = $2", repaired, poison["id"])
        await all_sent(connection)
    assert await sent_versions(kafka, topic) == {"healthy": [1, 2], "poison": [1, 2]}
    assert await connection.fetchval("select count(*) from outbox where last_error is not null") == 0


async def test_a_record_that_the_broker_refuses_does_not_stop_its_partition(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    """The broker refuses whole batches, with a gap in the producer's sequence; the others leave anyway."""
    topic = await kafka.topic(partitions=1, max_message_bytes="2000")
    await publish(connection, topic, event("poison", 1, padding="x" * 5000))
    for version in range(1, 11):  # these leave in one batch with the poison, and are refused with it
        await publish(connection, topic, event(f"healthy-{version % 3}", version))
    async with relay(database, bootstrap, "refused"):
        for version in range(11, 21):
            await publish(connection, topic, event(f"healthy-{version % 3}", version))

        async def only_the_poison_waits() -> bool:
            return await unsent(connection) == 1

        await aeventually(only_the_poison_waits)
    versions = await sent_versions(kafka, topic)
    assert sorted(version for key in versions for version in versions[key]) == list(range(1, 21))
    assert all(in_order == sorted(in_order) for in_order in versions.values())
    assert "MessageSizeTooLargeError" in await connection.fetchval(
        "select last_error from outbox where sent_at is null"
    )


async def test_a_topic_that_is_not_there_holds_back_no_other(
    database: str,
    connection: asyncpg.Connection,
    kafka: Kafka,
    bootstrap: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "_TIMEOUT", 1.0)
    topic = await kafka.topic()
    for number in range(5):
        await publish(connection, "no such topic!", event(f"lost-{number}"))
    await publish(connection, topic, event("o-1", 1))
    async with relay(database, bootstrap, "lost", batch=5):

        async def the_other_is_sent() -> bool:
            return await unsent(connection) == 5

        await aeventually(the_other_is_sent)
        refused = {"relay": "lost", "topic": "no such topic!", "reason": "UnknownTopicOrPartitionError"}
        await aeventually(lambda: metric("outbox_failures_total", **refused) >= 1)
        await publish(connection, topic, event("o-1", 2))
        await aeventually(the_other_is_sent)
    assert await sent_versions(kafka, topic) == {"o-1": [1, 2]}


async def test_the_backlog_is_seen_in_the_metrics(
    database: str, connection: asyncpg.Connection, kafka: Kafka
) -> None:
    topic = await kafka.topic()
    await publish(connection, topic, event("o-1"))
    await publish(connection, topic, event("o-2"))
    await connection.execute("update outbox set created_at = now() - interval '90 seconds' where key = 'o-1'")
    health = Health("database", "kafka")
    async with relay(database, "127.0.0.1:1", "cut-off", health=health):
        await aeventually(lambda: metric("outbox_pending", relay="cut-off") == 2)
        assert 90 <= metric("outbox_oldest_age_seconds", relay="cut-off") < 120
        await aeventually(lambda: health.get("kafka") not in {True, "not connected yet"})
        assert health.get("database") is True
    assert await unsent(connection) == 2


async def test_sent_rows_are_swept_after_their_time_and_others_never(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic()
    await connection.execute(
        "insert into outbox (topic, key, envelope, created_at, sent_at) values"
        " ($1, 'old', '{}', now() - interval '9 days', now() - interval '8 days'),"
        " ($1, 'young', '{}', now() - interval '9 days', now() - interval '6 days')",
        topic,
    )
    await publish(connection, topic, event("waiting"))
    await connection.execute("update outbox set created_at = now() - interval '9 days' where sent_at is null")
    async with relay(database, bootstrap, retention=timedelta(days=7)):
        await all_sent(connection)

        async def the_old_one_is_gone() -> bool:
            return await connection.fetchval("select count(*) from outbox where key = 'old'") == 0

        await aeventually(the_old_one_is_gone)
    rows = await connection.fetch("select key from outbox order by id")
    assert [row["key"] for row in rows] == ["young", "waiting"]
    assert await sent_versions(kafka, topic) == {"waiting": [1]}


async def test_the_sweep_keeps_up_whatever_its_batch_and_whatever_waits_before(
    database: str, connection: asyncpg.Connection
) -> None:
    """Kafka is away: more rows wait than a batch has, and old ones behind them go all the same."""
    await connection.execute(
        "insert into outbox (topic, key, envelope, sent_at)"
        " select 'tests', 'waiting-' || n, '{}'::jsonb, null::timestamptz from generate_series(1, 1000) as n"
        " union all select 'tests', 'old', '{}', now() - interval '8 days' from generate_series(1, 2500)"
        " union all select 'tests', 'young', '{}', now() - interval '6 days'"
    )

    async def left() -> dict[str, int]:
        rows = await connection.fetch(
            "select split_part(key, '-', 1) as kind, count(*) from outbox group by 1"
        )
        return {row["kind"]: row["count"] for row in rows}

    async with relay(database, "127.0.0.1:1"):

        async def the_old_are_gone() -> bool:
            return "old" not in await left()

        await aeventually(the_old_are_gone)
    assert await left() == {"waiting": 1000, "young": 1}


async def test_the_sweep_reads_by_the_age(connection: asyncpg.Connection) -> None:
    await connection.execute("set enable_seqscan = off; set enable_bitmapscan = off")
    for statement, index in [
        (housekeeping._FORGET_SENT, "outbox_sent"),
        (housekeeping._FORGET_HANDLED, "inbox_handled"),
    ]:
        plan = await connection.fetch(f"explain {statement}", timedelta(days=7), 1000)
        assert f"Index Scan using {index} " in "\n".join(row[0] for row in plan)


async def test_the_inbox_forgets_what_was_handled_long_ago(
    database: str, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "_BATCH", 10)
    await connection.execute(
        "insert into inbox (consumer, event_id, handled_at)"
        " select 'orders', 'old-' || n, now() - interval '31 days' from generate_series(1, 25) as n"
        " union all select 'orders', 'young', now() - interval '29 days'"
        " union all select 'catalog', 'old-1', now()"
    )
    async with relay(database, "127.0.0.1:1"):

        async def two_are_left() -> bool:
            return await connection.fetchval("select count(*) from inbox") <= 2

        await aeventually(two_are_left)
    rows = await connection.fetch("select consumer, event_id from inbox order by consumer")
    assert [tuple(row) for row in rows] == [("catalog", "old-1"), ("orders", "young")]


async def test_a_database_without_an_inbox_is_swept_too(
    database: str,
    connection: asyncpg.Connection,
    kafka: Kafka,
    bootstrap: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await connection.execute("drop table inbox")
    topic = await kafka.topic()
    await publish(connection, topic, event("o-1"))
    async with relay(database, bootstrap):
        await all_sent(connection)
    assert pauses(caplog) == []


def pauses(caplog: pytest.LogCaptureFixture) -> list[float]:
    """The seconds that the relay said it would wait before it connects again."""
    return [record.args[0] for record in caplog.records if "was interrupted" in record.msg]  # type: ignore[index,misc]


async def test_a_statement_that_fails_each_time_is_tried_again_less_and_less_often(
    database: str,
    connection: asyncpg.Connection,
    kafka: Kafka,
    bootstrap: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The lock is had each time, so the connection alone is no success; a whole turn is."""
    topic = await kafka.topic()
    await connection.execute("alter table outbox rename to elsewhere")
    async with relay(database, bootstrap):
        await aeventually(lambda: len(pauses(caplog)) >= 4)
        assert pauses(caplog)[:4] == [0.2, 0.4, 0.8, 1.6]
        await connection.execute("alter table elsewhere rename to outbox")
        await publish(connection, topic, event("o-1"))
        await all_sent(connection)
        caplog.clear()
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = $1"
            " and database = (select oid from pg_database where datname = current_database())",
            RELAY_LOCK & 0xFFFFFFFF,
        )
        await aeventually(lambda: pauses(caplog))
        assert pauses(caplog) == [0.1]


async def test_it_goes_on_after_postgresql_was_away(
    database: str, connection: asyncpg.Connection, kafka: Kafka, bootstrap: str
) -> None:
    topic = await kafka.topic()
    where = urlsplit(database)
    line = Line(where.hostname, where.port)
    await line.mend()
    dsn = urlunsplit(where._replace(netloc=f"{where.username}@127.0.0.1:{line.port}"))
    health = Health("database", "kafka")
    async with relay(dsn, bootstrap, health=health):
        await publish(connection, topic, event("o-1", 1))
        await all_sent(connection)
        await line.cut()
        await aeventually(lambda: health.get("database") is not True)
        await publish(connection, topic, event("o-1", 2))
        await line.mend()
        await all_sent(connection)
        assert health.get("database") is True
    await line.cut()
    assert await sent_versions(kafka, topic) == {"o-1": [1, 2]}


async def test_it_waits_for_a_database_that_is_not_there_yet_and_stops_when_told(bootstrap: str) -> None:
    health = Health("database", "kafka")
    async with relay("postgresql://postgres@127.0.0.1:1/nothing", bootstrap, health=health):
        await aeventually(lambda: "ConnectionRefusedError" in str(health.get("database")))
        health._beat = float("-inf")
        await aeventually(health.alive)  # not ready, but nothing that a restart would help


async def test_it_goes_on_after_kafka_was_away(
    database: str,
    connection: asyncpg.Connection,
    kafka: Kafka,
    line_to_kafka: Line,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "_ASK_EVERY", 0.2)
    topic = await kafka.topic()
    health = Health("database", "kafka")
    async with relay(database, f"127.0.0.1:{line_to_kafka.port}", health=health):
        await publish(connection, topic, event("o-1", 1))
        await all_sent(connection)
        await line_to_kafka.cut()
        for version in range(2, 12):
            await publish(connection, topic, event("o-1", version))
        await aeventually(lambda: health.get("kafka") is not True, within=20)
        assert await unsent(connection) == 10
        await line_to_kafka.mend()
        await all_sent(connection)
        await aeventually(lambda: health.get("kafka") is True, within=20)
    assert await sent_versions(kafka, topic) == {"o-1": list(range(1, 12))}


async def test_it_stops_in_good_time_while_kafka_is_away(
    database: str,
    connection: asyncpg.Connection,
    kafka: Kafka,
    line_to_kafka: Line,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "_ASK_EVERY", 0.2)
    monkeypatch.setattr(dispatch, "_DRAIN", 0.5)
    topic = await kafka.topic()
    health = Health("database", "kafka")
    async with relay(database, f"127.0.0.1:{line_to_kafka.port}", health=health):
        await publish(connection, topic, event("o-1", 1))
        await all_sent(connection)
        await line_to_kafka.cut()
        await publish(connection, topic, event("o-1", 2))
        await aeventually(lambda: health.get("kafka") is not True)
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < 5
    assert await unsent(connection) == 1

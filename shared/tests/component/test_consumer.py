"""The consumer on a real Kafka, with the inbox in a real PostgreSQL."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from uuid import uuid4

import asyncpg
import pytest
from prometheus_client import REGISTRY

from bazaar_shared import consumer as consumer_module
from bazaar_shared import telemetry
from bazaar_shared.consumer import PermanentError, Record, replay_dead_letters
from bazaar_shared.dead_letters import Replay
from bazaar_shared.envelope import Event
from bazaar_shared.inbox import first_time
from bazaar_shared.management import Health
from bazaar_shared.outbox import publish
from bazaar_shared.testing import aeventually

from .kit import Kafka, Line, consumer, event, relay


class Handled:
    """A handler that keeps what it saw, after what a test makes of it."""

    def __init__(self, before: Callable[[Event, Record], Awaitable[None]] | None = None) -> None:
        self.events: list[Event] = []
        self.records: list[Record] = []
        self._before = before

    async def __call__(self, one: Event, record: Record) -> None:
        if self._before is not None:
            await self._before(one, record)
        self.events.append(one)
        self.records.append(record)

    def versions(self, subject: str) -> list[int]:
        return [one.version for one in self.events if one.subject == subject]


@pytest.fixture
def group() -> str:
    return f"test-{uuid4().hex[:8]}"


@pytest.fixture
async def dead(kafka: Kafka) -> str:
    return await kafka.topic(partitions=1)


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_each_event_is_handled_once_and_its_offset_committed(
    kafka: Kafka, group: str, dead: str
) -> None:
    topic = await kafka.topic()
    events = [event(f"o-{number % 4}", number) for number in range(1, 41)]
    await kafka.produce(topic, *events)
    handled, health = Handled(), Health("kafka")
    async with consumer(kafka, group, [topic], handled, dead, health=health):
        await aeventually(lambda: len(handled.events) == 40)
        assert health.get("kafka") is True
    assert sorted(one.version for one in handled.events) == list(range(1, 41))
    assert all(handled.versions(f"o-{key}") == sorted(handled.versions(f"o-{key}")) for key in range(4))
    assert await kafka.committed(topic, group) == 40
    assert metric("consumer_handled_total", group=group, topic=topic, outcome="handled") == 40
    again = Handled()
    async with consumer(kafka, group, [topic], again, dead):
        await kafka.produce(topic, event("new"))
        await aeventually(lambda: again.events)
    assert [one.subject for one in again.events] == ["new"]
    assert await kafka.messages(dead) == []


async def test_a_record_says_where_it_was_read(kafka: Kafka, group: str, dead: str) -> None:
    topic = await kafka.topic(partitions=2)
    await kafka.produce(topic, event("o-1"), partition=1)
    handled = Handled()
    async with consumer(kafka, group, [topic], handled, dead):
        await aeventually(lambda: handled.records)
    assert handled.records == [Record(topic, 1, 0, "o-1", {})]


async def test_one_trace_goes_from_the_change_through_outbox_and_kafka_to_the_handler(
    kafka: Kafka, group: str, dead: str, database: str, connection: asyncpg.Connection
) -> None:
    telemetry.configure("tests", "component")
    topic = await kafka.topic()
    traces: list[str | None] = []

    async def see_the_trace(one: Event, record: Record) -> None:
        traces.append(telemetry.trace_id())

    async with relay(database, kafka.bootstrap), consumer(kafka, group, [topic], see_the_trace, dead):
        with telemetry.span("placing an order"):
            placed_in = telemetry.trace_id()
            await publish(connection, topic, event("o-1"))
        await aeventually(lambda: traces)
    assert traces == [placed_in]


async def test_what_can_not_be_handled_goes_to_the_dead_letters_with_its_reason(
    kafka: Kafka, group: str, dead: str
) -> None:
    topic = await kafka.topic(partitions=1)

    async def refuse_two(one: Event, record: Record) -> None:
        if one.version == 2:
            raise PermanentError("no such seller")

    refused = event("o-1", 2)
    await kafka.produce(topic, event("o-1", 1), refused, ("o-1", b"{broken"), ("o-1", None), event("o-1", 3))
    handled = Handled(refuse_two)
    async with consumer(kafka, group, [topic], handled, dead):
        await aeventually(lambda: len(handled.events) == 2)
    assert handled.versions("o-1") == [1, 3]
    assert await kafka.committed(topic, group) == 5
    letters = await kafka.messages(dead)
    assert [(letter.key, letter.value) for letter in letters] == [
        (b"o-1", refused.to_json()),
        (b"o-1", b"{broken"),
        (b"o-1", b""),
    ]
    assert dict(letters[0].headers) == {
        "dead-letter-reason": b"PermanentError: no such seller",
        "dead-letter-group": group.encode(),
        "dead-letter-topic": topic.encode(),
        "dead-letter-partition": b"0",
        "dead-letter-offset": b"1",
    }
    reasons = [dict(letter.headers)["dead-letter-reason"].decode() for letter in letters[1:]]
    assert reasons[0].startswith("InvalidEvent: not JSON")
    assert reasons[1] == "InvalidEvent: the record has no value"
    assert metric("consumer_handled_total", group=group, topic=topic, outcome="dead_letter") == 3


async def test_a_reason_that_repeats_half_a_character_is_sent_as_well(
    kafka: Kafka, group: str, dead: str
) -> None:
    """JSON can hold a lone surrogate; UTF-8, and so a record's header, cannot."""
    topic = await kafka.topic(partitions=1)
    odd = json.dumps(event("o-1", 1).to_dict() | {"type": "\ud800"}).encode()
    await kafka.produce(topic, ("o-1", odd), event("o-1", 2))

    async def refuse_one(one: Event, record: Record) -> None:
        if one.version == 1:
            raise PermanentError(f"{one.type} is not told here")

    handled = Handled(refuse_one)
    async with consumer(kafka, group, [topic], handled, dead):
        await aeventually(lambda: handled.versions("o-1") == [2])
    (letter,) = await kafka.messages(dead)
    reason = dict(letter.headers)["dead-letter-reason"]
    assert (letter.value, reason) == (odd, b"PermanentError: \\ud800 is not told here")


async def test_a_letter_too_large_with_its_headers_leaves_its_value_behind(kafka: Kafka, group: str) -> None:
    topic = await kafka.topic(partitions=1)
    dead = await kafka.topic(partitions=1, max_message_bytes="1000")
    await kafka.produce(topic, ("o-1", b"{" + b"x" * 900))
    async with consumer(kafka, group, [topic], Handled(), dead):

        async def committed() -> bool:
            return await kafka.committed(topic, group) == 1

        await aeventually(committed)
    (letter,) = await kafka.messages(dead)
    headers = dict(letter.headers)
    assert letter.value == b""
    assert headers["dead-letter-value"] == b"omitted"
    assert headers["dead-letter-offset"] == b"0"


async def test_a_passing_failure_is_tried_again_in_order_while_other_partitions_flow(
    kafka: Kafka, group: str, dead: str
) -> None:
    topic = await kafka.topic(partitions=2)
    database_is_back = asyncio.Event()
    attempts: list[int] = []

    async def fail_for_a_while(one: Event, record: Record) -> None:
        if one.subject == "stuck" and one.version == 2:
            attempts.append(record.offset)
            if not database_is_back.is_set():
                raise ConnectionError("the database is away")

    await kafka.produce(topic, event("stuck", 1), event("stuck", 2), event("stuck", 3), partition=0)
    handled = Handled(fail_for_a_while)
    async with consumer(kafka, group, [topic], handled, dead):
        await aeventually(lambda: len(attempts) >= 3)
        assert handled.versions("stuck") == [1]
        await kafka.produce(topic, event("flowing", 1), event("flowing", 2), partition=1)
        await aeventually(lambda: handled.versions("flowing") == [1, 2])
        assert handled.versions("stuck") == [1]
        assert metric("consumer_lag", group=group, topic=topic, partition="0") == 2
        database_is_back.set()
        await aeventually(lambda: handled.versions("stuck") == [1, 2, 3])
        await aeventually(lambda: metric("consumer_lag", group=group, topic=topic, partition="0") == 0)
    assert set(attempts) == {1}
    assert metric("consumer_retries_total", group=group, topic=topic) == len(attempts) - 1
    assert await kafka.committed(topic, group) == 5
    assert await kafka.messages(dead) == []


async def test_the_pauses_grow_and_end_at_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer_module, "_LONGEST_PAUSE", 10.0)
    pauses = [consumer_module._pause_after(attempts) for attempts in (1, 2, 3, 7, 8, 100_000)]
    assert pauses == [0.1, 0.2, 0.4, 6.4, 10.0, 10.0]


async def test_effect_and_inbox_are_one_so_a_second_delivery_does_nothing(
    kafka: Kafka, group: str, dead: str, database: str, connection: asyncpg.Connection
) -> None:
    """The process dies after the effect was committed and before the offset was: the record comes again."""
    topic = await kafka.topic(partitions=1)
    await connection.execute("create table balance (amount int not null); insert into balance values (0)")
    crashed = False
    deliveries: list[bool] = []

    async def book(one: Event, record: Record) -> None:
        nonlocal crashed
        async with connection.transaction():
            first = await first_time(connection, group, one.id)
            deliveries.append(first)
            if first:
                await connection.execute("update balance set amount = amount + $1", one.data["amount"])
        if not crashed:
            crashed = True
            raise ConnectionError("killed between the effect and the commit of the offset")

    await kafka.produce(topic, event("o-1", 1, amount=100), event("o-1", 2, amount=20))
    async with consumer(kafka, group, [topic], book, dead):
        await aeventually(lambda: len(deliveries) == 3)
    assert deliveries == [True, False, True]
    assert await connection.fetchval("select amount from balance") == 120
    assert await connection.fetchval("select count(*) from inbox where consumer = $1", group) == 2


async def test_two_consumers_of_one_event_wait_for_each_other(
    connection: asyncpg.Connection, database: str
) -> None:
    other = await asyncpg.connect(database)
    event_id = str(uuid4())
    transaction = connection.transaction()
    await transaction.start()
    assert await first_time(connection, "orders", event_id) is True
    second = asyncio.create_task(first_time(other, "orders", event_id))
    done, _ = await asyncio.wait([second], timeout=0.2)
    assert not done
    await transaction.commit()
    assert await second is False
    assert await first_time(other, "another consumer", event_id) is True
    await other.close()


async def test_a_group_shares_the_partitions_and_takes_over_what_a_member_leaves(
    kafka: Kafka, group: str, dead: str, connection: asyncpg.Connection
) -> None:
    topic = await kafka.topic(partitions=4)
    effects: list[str] = []
    lock = asyncio.Lock()

    async def once(one: Event, record: Record) -> None:
        async with lock, connection.transaction():
            if await first_time(connection, group, one.id):
                effects.append(one.id)

    first, second = Handled(once), Handled(once)
    events = [event(f"o-{number}", number) for number in range(1, 121)]
    async with consumer(kafka, group, [topic], first, dead):
        await kafka.produce(topic, *events[:40])
        await aeventually(lambda: len(effects) == 40)
        async with consumer(kafka, group, [topic], second, dead):
            await aeventually(lambda: metric("consumer_lag", group=group, topic=topic, partition="0") == 0)
            await kafka.produce(topic, *events[40:80])
            await aeventually(lambda: len(effects) == 80, within=20)
        await kafka.produce(topic, *events[80:])
        await aeventually(lambda: len(effects) == 120, within=20)
    assert sorted(effects) == sorted(one.id for one in events)
    assert await kafka.committed(topic, group) == 120


async def test_a_record_that_is_stuck_goes_to_the_next_member(kafka: Kafka, group: str, dead: str) -> None:
    topic = await kafka.topic(partitions=1)
    tried: list[int] = []

    async def always_fail(one: Event, record: Record) -> None:
        tried.append(record.offset)
        raise ConnectionError("this replica has no database")

    handled = Handled()
    await kafka.produce(topic, event("o-1", 1), event("o-1", 2))
    async with consumer(kafka, group, [topic], always_fail, dead):
        await aeventually(lambda: len(tried) >= 2)
    async with consumer(kafka, group, [topic], handled, dead):
        await aeventually(lambda: len(handled.events) == 2)
    assert handled.versions("o-1") == [1, 2]
    assert set(tried) == {0}


async def test_it_goes_on_after_kafka_was_away(
    kafka: Kafka, group: str, dead: str, line_to_kafka: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "_PROBE_EVERY", 0.2)
    topic = await kafka.topic()
    handled, health = Handled(), Health("kafka")
    async with consumer(kafka, group, [topic], handled, dead, health=health):
        await kafka.produce(topic, event("o-1", 1))
        await aeventually(lambda: handled.versions("o-1") == [1])
        await line_to_kafka.cut()
        await kafka.produce(topic, event("o-1", 2))
        await aeventually(lambda: health.get("kafka") == "no broker answers", within=20)
        assert handled.versions("o-1") == [1]
        await line_to_kafka.mend()
        await aeventually(lambda: handled.versions("o-1") == [1, 2], within=30)
        await aeventually(lambda: health.get("kafka") is True, within=20)


async def test_it_stops_in_good_time_while_kafka_is_away(
    kafka: Kafka, group: str, dead: str, line_to_kafka: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker goes between an effect and its offset's commit, which the client would wait for for ever."""
    monkeypatch.setattr(consumer_module, "_TIMEOUT", 0.5)
    topic = await kafka.topic(partitions=1)

    async def cut_the_line(one: Event, record: Record) -> None:
        await line_to_kafka.cut()

    handled, health = Handled(cut_the_line), Health("kafka")
    await kafka.produce(topic, event("o-1"))
    async with consumer(kafka, group, [topic], handled, dead, health=health):
        await aeventually(lambda: health.get("kafka") == "no broker answers")
        assert health.alive()
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < 5
    assert await kafka.committed(topic, group) == 0
    assert len(handled.events) == 1


async def test_it_waits_for_a_kafka_that_is_not_there_yet_and_stops_when_told(group: str) -> None:
    health = Health("kafka")
    nowhere = Kafka("127.0.0.1:1", None)  # type: ignore[arg-type]
    async with consumer(nowhere, group, ["t"], Handled(), "d", health=health):
        await aeventually(lambda: "KafkaConnectionError" in str(health.get("kafka")))
        health._beat = float("-inf")
        await aeventually(health.alive)  # not ready, but nothing that a restart would help


async def test_dead_letters_come_back_by_one_command(kafka: Kafka, group: str, dead: str) -> None:
    topic = await kafka.topic(partitions=1)

    async def refuse(one: Event, record: Record) -> None:
        raise PermanentError("not yet known")

    await kafka.produce(topic, event("o-1", 1), event("o-1", 2), event("o-1", 3))
    for name in (group, f"another-{group}"):
        async with consumer(kafka, name, [topic], refuse, dead):

            async def all_refused(name: str = name) -> bool:
                return await kafka.committed(topic, name) == 3

            await aeventually(all_refused)

    async def refuse_two_still(one: Event, record: Record) -> None:
        if one.version == 2:
            raise PermanentError("still unknown")

    handled = Handled(refuse_two_still)
    assert await replay_dead_letters(kafka.bootstrap, dead, group, handled) == Replay(handled=2, refused=1)
    assert handled.versions("o-1") == [1, 3]
    assert [(one.topic, one.partition, one.offset, one.key) for one in handled.records] == [
        (topic, 0, 0, "o-1"),
        (topic, 0, 2, "o-1"),
    ]
    # only the one that was refused again is left, and the other group's are untouched
    repaired = Handled()
    assert await replay_dead_letters(kafka.bootstrap, dead, group, repaired) == Replay(handled=1, refused=0)
    assert repaired.versions("o-1") == [2]
    assert await replay_dead_letters(kafka.bootstrap, dead, group, repaired) == Replay(handled=0, refused=0)
    other = Handled()
    await replay_dead_letters(kafka.bootstrap, dead, f"another-{group}", other)
    assert other.versions("o-1") == [1, 2, 3]


async def test_a_replay_that_fails_goes_on_where_it_was(kafka: Kafka, group: str, dead: str) -> None:
    topic = await kafka.topic(partitions=1)

    async def refuse(one: Event, record: Record) -> None:
        raise PermanentError("no")

    await kafka.produce(topic, event("o-1", 1), event("o-1", 2))
    async with consumer(kafka, group, [topic], refuse, dead):

        async def all_refused() -> bool:
            return await kafka.committed(topic, group) == 2

        await aeventually(all_refused)

    async def database_is_away(one: Event, record: Record) -> None:
        if one.version == 2:
            raise ConnectionError("the database is away")

    first, second = Handled(database_is_away), Handled()
    with pytest.raises(ConnectionError):
        await replay_dead_letters(kafka.bootstrap, dead, group, first)
    assert first.versions("o-1") == [1]
    assert await replay_dead_letters(kafka.bootstrap, dead, group, second) == Replay(handled=1, refused=0)
    assert second.versions("o-1") == [2]

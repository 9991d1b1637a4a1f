"""What is accepted stands on the topic: under load, across a restart of Kafka, a cut line, a kill."""

import asyncio
import json
import re
from collections import defaultdict
from uuid import uuid4

import httpx

from bazaar_shared.envelope import Event
from bazaar_shared.testing import aeventually
from tests.component.conftest import Shoppers, Topic, batch, client, ids_of
from tests.component.kafkas import Line, OwnKafka
from tests.component.process import Process, running

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def of(topic: Topic, **more: str) -> dict[str, str]:
    return {"KAFKA_BOOTSTRAP_SERVERS": topic.servers, "CLICKS_TOPIC": topic.name, **more}


def metric(process: Process, name: str) -> float:
    _, text = process.managed("/metrics")
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


async def test_accepted_under_load_is_on_the_topic_once_and_in_order(topic: Topic) -> None:
    sessions = [str(uuid4()) for _ in range(12)]
    told: dict[str, list[str]] = defaultdict(list)

    async with running("serve", **of(topic, RATE_BURST="100000")) as process:
        async with client() as http:

            async def browse(session: str) -> None:
                for size in (1, 7, 100, 3, 50, 10):
                    body = batch(size, session)
                    answer = await http.post(process.url, json=body, headers={"traceparent": TRACE})
                    assert (answer.status_code, answer.json()) == (202, {"accepted": size})
                    told[session] += ids_of(body)

            await asyncio.gather(*(browse(session) for session in sessions))
        assert metric(process, "clicks_accepted_total") == 12 * 171
        assert metric(process, "clicks_in_flight") == metric(process, "clicks_in_flight_bytes") == 0
        assert await asyncio.to_thread(process.stop) == 0

    read: dict[str, list[str]] = defaultdict(list)
    partitions: dict[str, set[int]] = defaultdict(set)
    for record in await topic.records():
        event = Event.from_json(record.value)
        headers = dict(record.headers)
        assert record.key.decode() == event.data["session_id"]
        assert headers["content-type"] == b"application/cloudevents+json"
        assert headers["traceparent"].decode() == event.traceparent
        assert headers["traceparent"].split(b"-")[1].decode() == TRACE.split("-")[1]
        read[record.key.decode()].append(event.id)
        partitions[record.key.decode()].add(record.partition)
    assert read == told
    assert {len(found) for found in partitions.values()} == {1}
    assert len(set.union(*partitions.values())) > 1


async def all_that_was_accepted_is_there(shoppers: Shoppers, topic: Topic) -> None:
    on_topic = await topic.ids()
    # each was sent until it was accepted
    assert set(shoppers.accepted) == shoppers.sent == set(on_topic)
    assert set(shoppers.accepted.values()) == {1}
    twice = {click for click, times in on_topic.items() if times > 1}
    # only what was refused with 503 and sent again may stand there twice, by the same id
    assert twice <= shoppers.repeated


async def test_a_restart_of_kafka_loses_nothing_that_was_accepted(
    node: OwnKafka, line: Line, far: dict[str, str], far_topic: Topic
) -> None:
    async with running("serve", **far, ACK_SECONDS="2") as process:
        async with Shoppers(process) as shoppers:
            await aeventually(lambda: shoppers.statuses[202] > 50, within=60)
            await asyncio.to_thread(node.stop)
            await aeventually(lambda: shoppers.statuses[503] > 50, within=60)
            assert not process.is_ready()
            await asyncio.to_thread(node.start)
            before = shoppers.statuses[202]
            await aeventually(lambda: shoppers.statuses[202] > before + 100, within=120)
            await shoppers.rest()
        await aeventually(lambda: metric(process, "clicks_in_flight") == 0, within=60)
        assert process.is_ready()
        assert await asyncio.to_thread(process.stop) == 0
    await all_that_was_accepted_is_there(shoppers, far_topic)


async def test_a_line_that_is_cut_again_and_again_loses_nothing_that_was_accepted(
    line: Line, far: dict[str, str], far_topic: Topic
) -> None:
    async with running("serve", **far, ACK_SECONDS="2") as process:
        async with Shoppers(process) as shoppers:
            for seconds in (0.0, 0.3, 3.0, 0.1):
                before = shoppers.statuses[202]
                await aeventually(lambda before=before: shoppers.statuses[202] > before + 40, within=60)
                await line.cut()
                await asyncio.sleep(seconds)
                await line.mend()
            await shoppers.rest()
        await aeventually(lambda: metric(process, "clicks_in_flight") == 0, within=60)
        assert await asyncio.to_thread(process.stop) == 0
    await all_that_was_accepted_is_there(shoppers, far_topic)


async def test_a_killed_server_loses_nothing_that_it_accepted(topic: Topic) -> None:
    accepted: set[str] = set()
    async with running("serve", **of(topic)) as process, client() as http:

        async def browse() -> None:
            while True:
                body = batch(5)
                if (await http.post(process.url, json=body)).status_code == 202:
                    accepted.update(ids_of(body))

        shoppers = [asyncio.create_task(browse()) for _ in range(8)]
        await aeventually(lambda: len(accepted) > 500, within=60)
        process.kill()
        ends = await asyncio.gather(*shoppers, return_exceptions=True)
    assert all(isinstance(end, httpx.TransportError) for end in ends)
    on_topic = await topic.ids()
    assert accepted <= set(on_topic)
    assert set(on_topic.values()) == {1}


async def test_at_sigterm_what_is_under_way_is_answered_and_stored(
    line: Line, far: dict[str, str], far_topic: Topic
) -> None:
    bodies = [batch(20) for _ in range(30)]
    async with running("serve", **far) as process:
        async with client() as http:
            # so slow that all of them are under way when the signal comes
            line.delay = 0.3
            posts = [asyncio.create_task(http.post(process.url, json=body)) for body in bodies]
            await aeventually(lambda: metric(process, "clicks_in_flight") == len(bodies), within=10)
            assert not any(post.done() for post in posts)
            process.signal()
            answers = await asyncio.gather(*posts)
        assert [answer.status_code for answer in answers] == [202] * len(bodies)
        assert await asyncio.to_thread(process.stop) == 0
    stored = await far_topic.ids()
    assert set(stored) == {click for body in bodies for click in ids_of(body)}
    assert set(stored.values()) == {1}


async def test_it_starts_before_kafka_and_becomes_ready_by_itself(
    line: Line, far: dict[str, str], far_topic: Topic
) -> None:
    await line.cut()
    async with running("serve", ready=False, **far) as process:
        await aeventually(lambda: process.managed("/health/live")[0] == 200, within=60)
        status, text = process.managed("/health/ready")
        assert status == 503
        assert json.loads(text)["checks"]["kafka"] != "ok"
        async with client() as http:
            refused = await http.post(process.url, json=batch(1))
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            await line.mend()
            await aeventually(lambda: asyncio.to_thread(process.is_ready), within=60)
            body = batch(1)
            assert (await http.post(process.url, json=body)).status_code == 202
    assert list(await far_topic.ids()) == ids_of(body)


async def test_without_its_topic_it_is_not_ready(topic: Topic) -> None:
    missing = Topic(topic.servers, f"{topic.name}.later")
    async with running("serve", ready=False, **of(missing)) as process:
        await aeventually(lambda: process.managed("/health/live")[0] == 200, within=60)
        await asyncio.sleep(4)
        assert process.managed("/health/ready")[0] == 503
        await missing.make()
        await aeventually(lambda: asyncio.to_thread(process.is_ready), within=60)
    await missing.drop()

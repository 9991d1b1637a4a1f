"""Kafka that answers no more: what comes is sent away at once, memory stays, and then it goes on."""

import asyncio
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Any

from bazaar_shared.testing import aeventually
from tests.component.conftest import Topic, batch, client, ids_of
from tests.component.kafkas import Line
from tests.component.process import Process, running
from tests.component.test_kafka import metric

MOST = 40
ENOUGH = 1000
MOST_BYTES = 2 * 1024 * 1024
BOUNDS = {"MAX_IN_FLIGHT": str(MOST), "MAX_IN_FLIGHT_BYTES": str(MOST_BYTES), "ACK_SECONDS": "4"}


def resident(process: Process) -> int:
    """KiB."""
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def large() -> dict[str, Any]:
    """100 events, 50 KiB."""
    body = batch(100)
    for event in body["events"]:
        event["page"] = "/" + "p" * 400
    return body


async def test_a_kafka_that_hangs_costs_no_memory(line: Line, far: dict[str, str], far_topic: Topic) -> None:
    statuses: Counter[int] = Counter()
    accepted: set[str] = set()
    waited: list[float] = []

    async with running("serve", **far, **BOUNDS) as process, client() as http:
        assert (await http.post(process.url, json=large())).status_code == 202
        at_rest = resident(process)
        line.hold()
        deadline = monotonic() + 60
        most = most_bytes = 0.0

        def going_on() -> bool:
            return statuses[503] < ENOUGH and monotonic() < deadline

        async def browse() -> None:
            while going_on():
                mine = large()
                began = monotonic()
                status = (await http.post(process.url, json=mine)).status_code
                statuses[status] += 1
                if status == 202:
                    accepted.update(ids_of(mine))
                else:
                    waited.append(monotonic() - began)

        async def watch() -> None:
            nonlocal most, most_bytes
            while going_on():
                most = max(most, await asyncio.to_thread(metric, process, "clicks_in_flight"))
                most_bytes = max(
                    most_bytes, await asyncio.to_thread(metric, process, "clicks_in_flight_bytes")
                )
                await asyncio.sleep(0.1)

        await asyncio.gather(watch(), *(browse() for _ in range(MOST + 20)))
        grown = resident(process) - at_rest
        assert not process.is_ready()

        line.release()
        await aeventually(lambda: asyncio.to_thread(process.is_ready), within=60)
        await aeventually(lambda: metric(process, "clicks_in_flight") == 0, within=60)
        assert metric(process, "clicks_in_flight_bytes") == 0
        last = batch(3)
        assert (await http.post(process.url, json=last)).status_code == 202

    assert set(statuses) <= {202, 503}
    # 50 MiB came, and 2 were let in; who was sent away did not wait for Kafka
    assert statuses[503] >= ENOUGH
    assert sorted(waited)[len(waited) // 2] < 1
    assert 0 < most <= MOST
    assert 0 < most_bytes <= MOST_BYTES
    assert grown < 32 * 1024, f"{grown} KiB more, after {statuses}"
    assert accepted | set(ids_of(last)) <= set(await far_topic.ids())


async def test_a_kafka_that_is_slow_is_waited_for(line: Line, far: dict[str, str], far_topic: Topic) -> None:
    bodies = [batch(10) for _ in range(MOST * 2)]
    async with running("serve", **far, **BOUNDS) as process, client() as http:
        line.delay = 0.3
        answers = await asyncio.gather(*(http.post(process.url, json=body) for body in bodies))
        reasons = metric(process, "clicks_refused_total")
    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) == {202, 503}
    assert counted[202] >= MOST
    assert counted[503] == reasons
    for answer in answers:
        assert answer.status_code == 202 or answer.headers["retry-after"] == "1"
    accepted = {
        click
        for answer, body in zip(answers, bodies, strict=True)
        if answer.status_code == 202
        for click in ids_of(body)
    }
    # nothing of those who were sent away came in
    assert set(await far_topic.ids()) == accepted

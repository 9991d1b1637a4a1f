"""Bodies as only a socket can send them: without a length, without an end, one byte after the other."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from time import monotonic
from typing import Any

import pytest

from tests.component.conftest import BROWSER, Topic, batch, ids_of
from tests.component.process import Process, running
from tests.component.test_kafka import metric, of

HEAD = (
    "POST /api/clickstream HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    f"User-Agent: {BROWSER['User-Agent']}\r\n"
)
CHUNKED = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()


@pytest.fixture
async def process(topic: Topic) -> AsyncIterator[Process]:
    async with running("serve", **of(topic, BODY_SECONDS="1")) as process:
        yield process
        assert metric(process, "clicks_in_flight") == 0


class Answer:
    def __init__(self, raw: bytes) -> None:
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        self.json: Any = json.loads(body) if body else None


async def ask(process: Process, head: bytes, parts: Iterable[bytes], pause: float = 0) -> Answer:
    """Sends the parts until an answer comes, then reads to the connection's end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", process.http)
    answered = asyncio.create_task(reader.read())
    try:
        writer.write(head)
        for part in parts:
            if answered.done():
                break
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
    except ConnectionError:
        pass
    async with asyncio.timeout(10):
        raw = await answered
    writer.close()
    return Answer(raw)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def test_a_chunked_body_is_taken(process: Process, topic: Topic) -> None:
    body = batch(3)
    data = json.dumps(body).encode()
    head = CHUNKED.replace(b"Host:", b"Connection: close\r\nHost:")
    parts = [*(chunk(data[at : at + 50]) for at in range(0, len(data), 50)), b"0\r\n\r\n"]
    answer = await ask(process, head, parts)
    assert (answer.status, answer.json) == (202, {"accepted": 3})
    assert set(await topic.ids()) == set(ids_of(body))


async def test_a_body_without_an_end_is_refused_at_64_kib(process: Process, topic: Topic) -> None:
    # no more than tells it: what comes after the answer would reset the connection, and the answer with it
    answer = await ask(process, CHUNKED, [chunk(b" " * 4096)] * 17)
    assert answer.status == answer.json["status"] == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert await topic.ids() == {}


async def test_a_length_that_is_too_large_is_refused_before_the_body(process: Process) -> None:
    answer = await ask(process, f"{HEAD}Content-Length: 65537\r\n\r\n".encode(), [])
    assert answer.status == 413


async def test_a_body_that_never_comes_is_given_up(process: Process) -> None:
    answer = await ask(process, f"{HEAD}Content-Length: 100\r\n\r\n".encode(), [])
    assert answer.status == 408


async def test_who_does_not_want_it_need_not_send_it(process: Process) -> None:
    head = f"{HEAD}DNT: 1\r\nConnection: close\r\nContent-Length: 100\r\n\r\n".encode()
    answer = await ask(process, head, [])
    assert (answer.status, answer.json) == (204, None)


async def test_a_body_that_trickles_is_given_up(process: Process) -> None:
    began = monotonic()
    answer = await ask(process, CHUNKED, (chunk(b" ") for _ in range(200)), pause=0.05)
    assert (answer.status, answer.json["type"].rpartition("/")[2]) == (408, "request-timeout")
    assert 0.9 < monotonic() - began < 5


async def test_a_body_that_ends_early_is_nothing(process: Process, topic: Topic) -> None:
    data = json.dumps(batch(1)).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", process.http)
    writer.write(f"{HEAD}Content-Length: {len(data)}\r\n\r\n".encode() + data[:-10])
    await writer.drain()
    writer.close()
    await asyncio.sleep(0.5)
    assert await topic.ids() == {}

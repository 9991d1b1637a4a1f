"""Redis only wakes: away, everything arrives by polling; back, it wakes again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from bazaar_shared.testing import aeventually
from tests.component.conftest import Market, server
from tests.component.neighbors import Neighbors
from tests.component.process import Process, running
from tests.component.wire import Wire

POLL = "0.5"


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    redis = urlsplit(server("TEST_REDIS_URL"))
    async with Wire(redis.hostname or "", redis.port or 6379) as wire:
        yield wire


@pytest.fixture
async def cut_off(market: Market, environment: dict[str, str], wire: Wire) -> AsyncIterator[Market]:
    """Two replicas of their own, behind the wire."""
    env = environment | {"REDIS_URL": f"redis://127.0.0.1:{wire.port}/0", "POLL_SECONDS": POLL}
    one, two = (Process("serve", **env, PROCESS_NAME=name) for name in ("chat", "chat-2"))
    try:
        await aeventually(lambda: one.is_ready() and two.is_ready(), within=60)
        async with (
            httpx.AsyncClient(base_url=one.url, timeout=30) as first,
            httpx.AsyncClient(base_url=two.url, timeout=30) as second,
        ):
            yield replace(market, api=(first, second), replicas=(one, two), clients=market.clients)
    finally:
        one.kill()
        two.kill()


async def test_redis_goes_and_comes_back(cut_off: Market, wire: Wire) -> None:
    shopper, seller, conversation = await cut_off.talk()
    reader = await seller.socket(1)
    await reader.subscribe(conversation)
    replica = cut_off.replicas[1]
    await aeventually(lambda: replica.metric("chat_redis_up") == 1)
    await shopper.write(conversation, "woken")
    await reader.hear("message", seq=1)
    await wire.cut()
    await aeventually(lambda: replica.metric("chat_redis_up") == 0)
    for number in range(2, 5):
        assert (await shopper.write(conversation, f"{number}")).status_code == 201
        await reader.hear("message", seq=number)
        await reader.hear("unread", unread=number)
    assert replica.is_ready()
    assert replica.metric('chat_wakeups_total{outcome="polled"}') >= 1
    assert cut_off.replicas[0].metric('chat_wakeups_total{outcome="lost"}') >= 3
    # presence is of this replica only, and nobody waits for it
    late = await shopper.socket(1)
    assert (await late.subscribe(conversation, after=4))["online"] == ["seller"]
    await wire.mend()
    await aeventually(lambda: replica.metric("chat_redis_up") == 1, within=30)
    await shopper.write(conversation, "woken again")
    await reader.hear("message", seq=5)
    assert [seq for seq, _ in reader.messages(conversation)] == [1, 2, 3, 4, 5]


async def test_started_without_redis(
    environment: dict[str, str], pool: asyncpg.Pool, neighborhood: Neighbors
) -> None:
    with running("serve", **environment | {"REDIS_URL": "redis://127.0.0.1:1/0"}) as process:
        assert process.metric("chat_redis_up") == 0
        assert process.stop() == 0

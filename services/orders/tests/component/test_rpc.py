"""The RPC client against RabbitMQ and a peer that speaks as Nameko does."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from orders.rpc.client import RpcClient
from orders.rpc.errors import (
    OutOfStock,
    RemoteError,
    RpcError,
    RpcTimeout,
    RpcUnavailable,
    UnknownService,
)

from bazaar_shared import telemetry
from bazaar_shared.testing import aeventually
from tests.component.brokers import Management, Peer, Refusal


@pytest.fixture(scope="module")
def management() -> Management:
    return Management()


@pytest.fixture
def vhost(management: Management) -> Iterator[tuple[str, str]]:
    with management.vhost() as made:
        yield made


@pytest.fixture
async def client(vhost: tuple[str, str]) -> AsyncIterator[RpcClient]:
    async with RpcClient(vhost[1], in_flight=8) as made:
        yield made


async def test_a_result_comes_back(client: RpcClient, vhost: tuple[str, str]) -> None:
    async with Peer(vhost[1], "inventory", add=lambda a, b: {"sum": a + b}):
        assert await client.call("inventory", "add", within=5, a=2, b=3) == {"sum": 5}


async def test_many_at_once_each_get_their_own(client: RpcClient, vhost: tuple[str, str]) -> None:
    async with Peer(vhost[1], "inventory", double=lambda n: 2 * n):
        results = await asyncio.gather(
            *(client.call("inventory", "double", within=10, n=n) for n in range(200))
        )
    assert results == [2 * n for n in range(200)]


async def test_calls_in_flight_are_bounded(client: RpcClient, vhost: tuple[str, str]) -> None:
    inside, most, gate = 0, 0, asyncio.Event()

    async def work() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await gate.wait()
        inside -= 1

    async with Peer(vhost[1], "inventory", work=work):
        calls = [asyncio.create_task(client.call("inventory", "work", within=10)) for _ in range(20)]
        await aeventually(lambda: inside == 8)
        gate.set()
        await asyncio.gather(*calls)
    assert most == 8


async def test_a_remote_error_has_its_type_and_payload(client: RpcClient, vhost: tuple[str, str]) -> None:
    lines = [{"product_id": "p", "requested": 2, "available": 1}]

    def reserve_stock() -> None:
        raise Refusal("OutOfStock", {"lines": lines})

    def fail() -> None:
        raise Refusal("OperationalError", "the database is away")

    async with Peer(vhost[1], "inventory", reserve_stock=reserve_stock, fail=fail):
        with pytest.raises(OutOfStock) as refused:
            await client.call("inventory", "reserve_stock", within=5)
        with pytest.raises(RemoteError) as failed:
            await client.call("inventory", "fail", within=5)
    assert (refused.value.name, refused.value.payload) == ("OutOfStock", {"lines": lines})
    assert (type(failed.value), failed.value.name, failed.value.payload) == (
        RemoteError,
        "OperationalError",
        {},
    )


async def test_a_service_nobody_runs_is_known_at_once(client: RpcClient) -> None:
    began = time.monotonic()
    with pytest.raises(UnknownService):
        await client.call("nobody", "anything", within=30)
    assert time.monotonic() - began < 10


async def test_no_answer_is_a_timeout(client: RpcClient, vhost: tuple[str, str]) -> None:
    gate = asyncio.Event()

    async def slow() -> None:
        await gate.wait()

    async with Peer(vhost[1], "payments", slow=slow):
        with pytest.raises(RpcTimeout):
            await client.call("payments", "slow", within=0.3)
        gate.set()
        # the late reply finds nobody, and does not disturb the next call
        assert await client.call("payments", "slow", within=5) is None


async def test_deadline_and_trace_travel_with_the_call(client: RpcClient, vhost: tuple[str, str]) -> None:
    async with Peer(vhost[1], "shipping", quote=dict) as peer:
        with telemetry.span("test"):
            trace_id = telemetry.trace_id()
            await client.call("shipping", "quote", within=5)
    [message] = peer.messages
    assert message.headers["nameko.deadline"] == pytest.approx(time.time() + 5, abs=3)
    assert trace_id is not None
    assert trace_id in str(message.headers["nameko.traceparent"])
    assert 0 < float(message.expiration or 0) <= 5
    assert message.routing_key == "shipping.quote"


async def test_a_call_expires_in_the_queue(
    client: RpcClient, vhost: tuple[str, str], management: Management
) -> None:
    """A peer that comes back after the deadline is not even asked."""
    async with Peer(vhost[1], "shipping", quote=dict):
        pass
    with pytest.raises(RpcTimeout):
        await client.call("shipping", "quote", within=0.3)
    async with Peer(vhost[1], "shipping", quote=dict) as peer:
        await client.call("shipping", "quote", within=5)
        assert len(peer.messages) == 1


async def test_a_broken_connection_is_told_at_once_and_the_next_call_connects_anew(
    client: RpcClient, vhost: tuple[str, str], management: Management
) -> None:
    name, url = vhost
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow() -> str:
        begun.set()
        await gate.wait()
        return "done"

    async with Peer(url, "payments", slow=slow):
        waiting = asyncio.create_task(client.call("payments", "slow", within=60))
        await begun.wait()
        await aeventually(lambda: asyncio.to_thread(management.cut, name), within=30)
        with pytest.raises(RpcUnavailable):
            await waiting
        gate.set()

        async def served_again() -> Any:
            try:
                return await client.call("payments", "slow", within=2)
            except RpcError:
                return None

        assert await aeventually(served_again, within=30) == "done"


async def test_without_a_broker_a_call_fails_in_time() -> None:
    async with RpcClient("amqp://127.0.0.1:1/") as client:
        with pytest.raises(RpcUnavailable):
            await client.call("inventory", "add", within=2)
        assert not client.connected


async def test_closing_tells_those_who_wait(vhost: tuple[str, str]) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await gate.wait()

    async with Peer(vhost[1], "payments", slow=slow):
        client = RpcClient(vhost[1])
        waiting = asyncio.create_task(client.call("payments", "slow", within=60))
        await begun.wait()
        await client.close()
        with pytest.raises(RpcUnavailable):
            await waiting
        gate.set()

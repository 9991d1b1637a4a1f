"""A caller of Nameko by orders' own asyncio client, as the checkout's saga uses it."""

from __future__ import annotations

import asyncio

from orders.rpc.client import RpcClient

from tools.bench.rpc.window import ANSWER, ORDER, Given, Window, given, keep_awaiting


async def call(what: Given) -> None:
    async with RpcClient(what.url) as client:

        async def ask() -> object:
            return await client.call(what.service, "echo", within=ANSWER, order=ORDER)

        await keep_awaiting(ask, Window(what.warm_up, what.seconds), what.in_flight)


if __name__ == "__main__":
    asyncio.run(call(given()[1]))

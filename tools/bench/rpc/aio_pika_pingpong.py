"""The bare exchange by aio-pika: a request with a reply queue and an id, an answer with the id, no more.

Its guarantees are Nameko's: what is published is persistent and confirmed, and a request is acknowledged
after its answer.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from tools.bench.rpc.window import ANSWER, PREFETCH, REPLY, REQUEST, Given, Window, given, keep_awaiting


async def serve(what: Given) -> None:
    connection = await aio_pika.connect(what.url)
    channel = await connection.channel(publisher_confirms=True)
    await channel.set_qos(prefetch_count=PREFETCH)
    arguments: dict[str, Any] = {"x-queue-type": what.queue_type}
    requests = await channel.declare_queue(what.queue, durable=True, arguments=arguments)

    async def on_request(message: AbstractIncomingMessage) -> None:
        body = json.loads(message.body)
        reply = persistent(REPLY | {"result": body["kwargs"]["order"]}, correlation_id=message.correlation_id)
        await channel.default_exchange.publish(reply, message.reply_to or "", mandatory=False)
        await message.ack()

    await requests.consume(on_request)
    print("ready", flush=True)
    await asyncio.Event().wait()


async def call(what: Given) -> None:
    connection = await aio_pika.connect(what.url)
    channel = await connection.channel(publisher_confirms=True)
    replies = await channel.declare_queue(f"rpc.reply-{uuid.uuid4()}", exclusive=True, auto_delete=True)
    waiting: dict[str, asyncio.Future[object]] = {}

    async def on_reply(message: AbstractIncomingMessage) -> None:
        waiting.pop(message.correlation_id or "").set_result(json.loads(message.body)["result"])

    async def ask() -> object:
        call_id = str(uuid.uuid4())
        reply = waiting[call_id] = asyncio.get_running_loop().create_future()
        request = persistent(REQUEST, correlation_id=call_id, reply_to=replies.name)
        async with asyncio.timeout(ANSWER):
            await channel.default_exchange.publish(request, what.queue, mandatory=False)
            return await reply

    await replies.consume(on_reply, no_ack=True)
    await keep_awaiting(ask, Window(what.warm_up, what.seconds), what.in_flight)
    await connection.close()


def persistent(body: dict[str, Any], **properties: Any) -> aio_pika.Message:
    text = json.dumps(body).encode()
    kind = aio_pika.DeliveryMode.PERSISTENT
    return aio_pika.Message(text, content_type="application/json", delivery_mode=kind, **properties)


if __name__ == "__main__":
    role, found = given()
    asyncio.run({"serve": serve, "call": call}[role](found))

"""A caller as orders is one: kwargs, a deadline header, a message that expires, errors by name."""

import json
import time
from typing import Any
from uuid import uuid4

from kombu import Connection, Exchange, Producer, Queue


class RemoteError(Exception):
    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["exc_type"], error["exc_args"])
        self.name = error["exc_type"]
        self.detail = error["exc_args"][0] if error["exc_args"] else {}


class Rpc:
    def __init__(self, url: str) -> None:
        self.connection = Connection(url, transport_options={"confirm_publish": True})
        self.channel = self.connection.channel()
        self.exchange = Exchange("nameko-rpc", type="topic", durable=True)
        self.key = str(uuid4())
        self.queue = Queue(
            f"rpc.reply-test-{self.key}", self.exchange, self.key, exclusive=True, durable=False
        )(self.channel)
        self.queue.declare()
        self.replies: dict[str, dict[str, Any]] = {}
        self.consumer = self.connection.Consumer(
            self.queue, channel=self.channel, callbacks=[self._on_reply], no_ack=True
        )
        self.consumer.consume()
        self.producer = Producer(self.channel, self.exchange)

    def _on_reply(self, body: dict[str, Any], message: Any) -> None:
        self.replies[message.properties["correlation_id"]] = body

    def send(self, method: str, /, headers: dict[str, Any] | None = None, **kwargs: Any) -> str:
        correlation_id = str(uuid4())
        self.producer.publish(
            json.dumps({"args": [], "kwargs": kwargs}),
            content_type="application/json",
            content_encoding="utf-8",
            routing_key=method,
            reply_to=self.key,
            correlation_id=correlation_id,
            headers={"nameko.call_id_stack": ["test"], **(headers or {})},
            mandatory=True,
        )
        return correlation_id

    def receive(self, correlation_id: str, within: float = 10) -> Any:
        deadline = time.monotonic() + within
        while correlation_id not in self.replies:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(correlation_id)
            try:
                self.connection.drain_events(timeout=left)
            except TimeoutError:
                continue
        reply = self.replies.pop(correlation_id)
        if reply["error"]:
            raise RemoteError(reply["error"])
        return reply["result"]

    def call(self, method: str, /, within: float = 10, **kwargs: Any) -> Any:
        return self.receive(self.send(method, **kwargs), within)

    def close(self) -> None:
        self.connection.release()

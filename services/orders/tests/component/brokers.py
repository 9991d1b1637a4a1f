"""A RabbitMQ vhost of its own for a test, and a peer on it that speaks as Nameko does."""

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit
from urllib.request import Request, urlopen
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.component.conftest import server

EXCHANGE = "nameko-rpc"


async def make_topics(bootstrap_servers: str, *topics: str) -> None:
    """Topics are made by the deployment: no broker of ours makes one because somebody used it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        missing = set(topics) - set(await admin.list_topics())
        await admin.create_topics([NewTopic(topic, 1, 1) for topic in missing])
    finally:
        await admin.close()


class Management:
    """The few calls of RabbitMQ's management API that tests need."""

    def __init__(self) -> None:
        parts = urlsplit(server("TEST_RABBITMQ_MANAGEMENT_URL"))
        self._base = urlunsplit((parts.scheme, f"{parts.hostname}:{parts.port}", "/api", "", ""))
        self._auth = b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        self._user = parts.username or "guest"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Basic {self._auth}", "Content-Type": "application/json"}
        request = Request(f"{self._base}/{path}", data=data, method=method, headers=headers)
        with urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def connections(self, vhost: str) -> list[str]:
        return [connection["name"] for connection in self.call("GET", f"vhosts/{vhost}/connections")]

    def cut(self, vhost: str) -> int:
        """Closes every client's connection, as a broker that goes away does."""
        names = self.connections(vhost)
        for name in names:
            self.call("DELETE", f"connections/{quote(name, safe='')}")
        return len(names)

    @contextmanager
    def vhost(self) -> Iterator[tuple[str, str]]:
        """Its name, and the URL to connect to it."""
        name = f"test_orders_{uuid4().hex[:8]}"
        self.call("PUT", f"vhosts/{name}")
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.call("PUT", f"permissions/{name}/{self._user}", everything)
        try:
            yield name, urlunsplit(urlsplit(server("TEST_AMQP_URL"))._replace(path=f"/{name}"))
        finally:
            self.call("DELETE", f"vhosts/{name}")


type Method = Callable[..., Any] | Callable[..., Awaitable[Any]]


class Refusal(Exception):
    """Sent as Nameko serializes an exception of that name."""

    def __init__(self, name: str, *arguments: Any) -> None:
        super().__init__(name)
        self.name = name
        self.arguments = list(arguments)


class Peer:
    """A service as Nameko runs one: a queue `rpc-<name>`, bound by `<name>.*`, replies through the same
    exchange.
    """

    def __init__(self, url: str, service: str, **methods: Method) -> None:
        self._url = url
        self._service = service
        self._methods = methods
        self.messages: list[AbstractIncomingMessage] = []

    async def __aenter__(self) -> Self:
        self._connection = await aio_pika.connect_robust(self._url, reconnect_interval=0.1)
        channel = await self._connection.channel()
        self._exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(f"rpc-{self._service}", durable=True)
        await queue.bind(self._exchange, f"{self._service}.*")
        await queue.consume(self._serve)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._connection.close()

    async def _serve(self, message: AbstractIncomingMessage) -> None:
        self.messages.append(message)
        asked = json.loads(message.body)
        assert set(asked) == {"args", "kwargs"}
        method = (message.routing_key or "").partition(".")[2]
        reply: dict[str, Any] = {"result": None, "error": None}
        try:
            result = self._methods[method](*asked["args"], **asked["kwargs"])
            reply["result"] = await result if isinstance(result, Awaitable) else result
        except Refusal as error:
            reply["error"] = {
                "exc_type": error.name,
                "exc_path": f"fulfillment.errors.{error.name}",
                "exc_args": error.arguments,
                "value": str(error.arguments),
            }
        await self._reply(message, json.dumps(reply).encode())
        await message.ack()

    async def _reply(self, message: AbstractIncomingMessage, body: bytes) -> None:
        answer = aio_pika.Message(
            body, content_type="application/json", correlation_id=message.correlation_id
        )
        await self._exchange.publish(answer, message.reply_to or "", mandatory=False)

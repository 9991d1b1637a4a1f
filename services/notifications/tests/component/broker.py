"""A vhost of a test's own on the real RabbitMQ, by its management API."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import httpx


class Vhost:
    def __init__(self, name: str, amqp_url: str, management_url: str) -> None:
        self.name = name
        self.url = urlunsplit(urlsplit(amqp_url)._replace(path=f"/{name}"))
        self._api = httpx.Client(base_url=f"{management_url}/api", timeout=10)
        self._user = urlsplit(amqp_url).username

    def make(self) -> None:
        self._api.put(f"/vhosts/{self.name}").raise_for_status()
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        self._api.put(f"/permissions/{self.name}/{self._user}", json=rights).raise_for_status()

    def drop(self) -> None:
        self._api.delete(f"/vhosts/{self.name}").raise_for_status()
        self._api.close()

    def queues(self) -> dict[str, dict[str, object]]:
        answer = self._api.get(f"/queues/{quote(self.name, safe='')}").raise_for_status()
        return {queue["name"]: queue for queue in answer.json()}


@contextmanager
def own_vhost(amqp_url: str, management_url: str) -> Iterator[Vhost]:
    vhost = Vhost(f"test_notifications_{os.getpid()}_{uuid4().hex[:8]}", amqp_url, management_url)
    vhost.make()
    try:
        yield vhost
    finally:
        vhost.drop()

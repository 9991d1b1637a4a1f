"""RabbitMQ for a benchmark: a virtual host of its own, on the server that is given or on one started for it.

Where it can be, it is started natively: a container's published port would be one more program on the way.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from native import proc
from native.modes import native_supported
from native.native_mode import NativeMode
from tests import servers

LOOKS = 40
NAMES = ("TEST_AMQP_URL", "TEST_RABBITMQ_MANAGEMENT_URL")


class BrokerError(Exception):
    pass


@dataclass(frozen=True)
class Broker:
    url: str  # with the virtual host
    version: str
    pid: int | None  # None where its CPU time cannot be seen: in a container, on another machine
    given: bool

    @property
    def pids(self) -> dict[str, int]:
        return {"broker": self.pid} if self.pid else {}

    @property
    def described(self) -> str:
        whose = "given" if self.given else "started for this run"
        return f"RabbitMQ {self.version}, one node, {whose}"


@contextmanager
def broker() -> Iterator[Broker]:
    given = "TEST_AMQP_URL" in os.environ
    with started() as addresses:
        if missing := [name for name in NAMES if name not in addresses]:
            raise BrokerError(f"{missing[0]} must be given as well")
        amqp, management = (addresses[name] for name in NAMES)
        name = f"bench-{uuid.uuid4().hex[:8]}"
        with httpx.Client(base_url=management, timeout=20) as http, virtual_host(http, name, user_of(amqp)):
            about = http.get("/api/overview").raise_for_status().json()
            node = told_node(http)
            url = urlsplit(amqp)._replace(path=f"/{quote(name, safe='')}").geturl()
            yield Broker(url, about["rabbitmq_version"], pid_of(node["name"], int(node["os_pid"])), given)


def started() -> AbstractContextManager[dict[str, str]]:
    if "TEST_AMQP_URL" in os.environ or not runs_natively():
        return servers.servers(["rabbitmq"])
    return servers.natively(["rabbitmq"], "bench-servers")


def runs_natively() -> bool:
    program = NativeMode().compose.processes["rabbitmq"].native["install"]["provides"]
    return native_supported() and Path(program).exists()


def told_node(http: httpx.Client) -> dict[str, Any]:
    """What the node tells of itself; it looks every few seconds, and for the first time after its start."""
    for _ in range(LOOKS):
        [node] = http.get("/api/nodes").raise_for_status().json()
        if "os_pid" in node:
            return dict(node)
        time.sleep(0.5)
    raise BrokerError("RabbitMQ does not tell of its node")


def user_of(amqp: str) -> str:
    return urlsplit(amqp).username or "guest"


@contextmanager
def virtual_host(http: httpx.Client, name: str, user: str) -> Iterator[None]:
    http.put(f"/api/vhosts/{name}").raise_for_status()
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    http.put(f"/api/permissions/{name}/{quote(user, safe='')}", json=everything).raise_for_status()
    try:
        yield
    finally:
        http.delete(f"/api/vhosts/{name}")


def pid_of(node: str, pid: int) -> int | None:
    """What the node says is its process; in a container that is another process here, or none."""
    return pid if proc.variable(pid, "RABBITMQ_NODENAME") == node else None

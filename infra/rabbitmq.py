"""Virtual host, users, rights, policies and dead letters, by RabbitMQ's management API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from infra.waiting import patiently

NOT_YET = (httpx.HTTPError,)
ADMIN = "admin"


async def provision(
    url: str, wanted: Mapping[str, Any], secret: Callable[[str], str], within: float, admin: str = ADMIN
) -> None:
    credentials = (admin, secret("rabbitmq/admin_password"))
    async with httpx.AsyncClient(base_url=f"{url}/api", auth=credentials, timeout=10) as api:

        async def answers() -> None:
            (await api.get("/overview")).raise_for_status()

        await patiently("RabbitMQ", answers, NOT_YET, within)
        for path, body in requests(wanted, secret, admin):
            (await api.put(path, json=body)).raise_for_status()
        await bind_queues(api, wanted)


def requests(
    wanted: Mapping[str, Any], secret: Callable[[str], str], admin: str = ADMIN
) -> list[tuple[str, dict[str, Any]]]:
    """What is put, in order; each may be put again at any time."""
    vhost = quote(wanted["vhost"], safe="")
    puts: list[tuple[str, dict[str, Any]]] = [(f"/vhosts/{vhost}", {})]
    # nobody but `provision` declares exchanges and queues in its name
    puts.append((f"/permissions/{vhost}/{admin}", {"configure": ".*", "write": ".*", "read": ".*"}))
    for name, user in wanted["users"].items():
        puts.append((f"/users/{name}", {"password": secret(user["password"]), "tags": ""}))
        rights = {right: user[right] for right in ("configure", "write", "read")}
        puts.append((f"/permissions/{vhost}/{name}", rights))
    for name, exchange in wanted["exchanges"].items():
        puts.append((f"/exchanges/{vhost}/{name}", {"type": exchange["type"], "durable": True}))
    for name in wanted["queues"]:
        quorum = {"durable": True, "arguments": {"x-queue-type": "quorum"}}
        puts.append((f"/queues/{vhost}/{name}", quorum))
    for name, policy in wanted["policies"].items():
        body = {"pattern": policy["pattern"], "definition": policy["definition"], "apply-to": "queues"}
        puts.append((f"/policies/{vhost}/{name}", body))
    return puts


async def bind_queues(api: httpx.AsyncClient, wanted: Mapping[str, Any]) -> None:
    vhost = quote(wanted["vhost"], safe="")
    for name, queue in wanted["queues"].items():
        path = f"/bindings/{vhost}/e/{queue['exchange']}/q/{name}"
        (await api.post(path, json={"routing_key": queue["routing_key"]})).raise_for_status()

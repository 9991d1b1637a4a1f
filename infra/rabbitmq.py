"""Virtual host, users, rights and policies, by RabbitMQ's management API."""

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


def requests(
    wanted: Mapping[str, Any], secret: Callable[[str], str], admin: str = ADMIN
) -> list[tuple[str, dict[str, Any]]]:
    """What is put, in order; each may be put again at any time."""
    vhost = quote(wanted["vhost"], safe="")
    puts: list[tuple[str, dict[str, Any]]] = [(f"/vhosts/{vhost}", {})]
    puts.append((f"/permissions/{vhost}/{admin}", {"configure": ".*", "write": ".*", "read": ".*"}))
    for name, user in wanted["users"].items():
        puts.append((f"/users/{name}", {"password": secret(user["password"]), "tags": ""}))
        rights = {right: user[right] for right in ("configure", "write", "read")}
        puts.append((f"/permissions/{vhost}/{name}", rights))
    for name, policy in wanted["policies"].items():
        body = {"pattern": policy["pattern"], "definition": policy["definition"], "apply-to": "queues"}
        puts.append((f"/policies/{vhost}/{name}", body))
    return puts

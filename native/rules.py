"""What docker-compose.yml must hold to, whoever adds a process: `python -m native check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from infra import definition
from native import compose
from native.compose import Compose, Process

Raw = Mapping[str, Any]


def broken(market: Compose) -> list[str]:
    raw = yaml.safe_load(compose.FILE.read_text(encoding="utf-8"))["services"]
    return [
        *ports_used_twice(market),
        *(f"{name}: {said}" for name, service in raw.items() for said in unconfined(name, service)),
        *(f"{process.name}: {said}" for process in market.running for said in unlike_others(process)),
        *unknown_secrets(market),
        *strange_users(raw),
    ]


def ports_used_twice(market: Compose) -> Iterator[str]:
    published = Counter(port for process in market.running for port in process.listens_on)
    yield from (f"port {port} is used {times} times" for port, times in published.items() if times > 1)


def unconfined(name: str, service: Raw) -> Iterator[str]:
    if not service.get("read_only"):
        yield "its root file system can be written to"
    if service.get("cap_drop") != ["ALL"]:
        yield "keeps capabilities"
    if "no-new-privileges:true" not in service.get("security_opt", []):
        yield "may gain privileges"
    if "mem_limit" not in service:
        yield "its memory has no bound"
    if "restart" not in service:
        yield "does not say when it is started again"
    if service.get("user", "").startswith("0") and name != "secrets":
        yield "runs as root"


def unlike_others(process: Process) -> Iterator[str]:
    if process.is_server:
        if "ready" not in process.native:
            yield "x-native does not say when it is ready"
        return
    for name in ("PROCESS_NAME", "MANAGEMENT_PORT"):
        if name not in process.environment:
            yield f"{name} is not set"
    if process.environment.get("PROCESS_NAME") != process.name:
        yield "PROCESS_NAME is not its name"
    for port in filter(None, (process.http_port, process.management_port)):
        if process.ports.get(port) != port:
            yield f"port {port} is not published under the same number"


def unknown_secrets(market: Compose) -> Iterator[str]:
    known = {secret.path for secret in definition.load().secrets}
    prefix = "/run/secrets/"
    for process in market.processes.values():
        for name, value in process.environment.items():
            path = value.removeprefix(prefix)
            if value.startswith(prefix) and name.endswith("_FILE") and path not in known:
                yield f"{process.name}: {name} names a secret that infra.yaml does not: {path}"


def strange_users(raw: Mapping[str, Raw]) -> Iterator[str]:
    """A service's user, and a server's group, are the owner of its secrets."""
    owners = definition.load().owners
    for name, service in raw.items():
        owner = service.get("build", {}).get("args", {}).get("SERVICE", name)
        if owner not in owners or name == "provision":
            continue
        uid = str(owners[owner])
        if uid not in {service.get("user", "").partition(":")[0], *service.get("group_add", [])}:
            yield f"{name}: is not the owner {uid} of its secrets"

"""Prometheus' targets, made from docker-compose.yml: whoever has a management port, and the servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from native.compose import Compose, Process

Group = dict[str, Any]


def in_containers(compose: Compose) -> list[Group]:
    return groups(compose, lambda process, port: f"{process.name}:{port}")


def on_this_machine(compose: Compose) -> list[Group]:
    return groups(compose, lambda process, port: f"127.0.0.1:{process.native_ports[port]}")


def groups(compose: Compose, address: Callable[[Process, int], str]) -> list[Group]:
    return [
        {
            "targets": [address(process, port)],
            "labels": {"service": process.service or process.name, "process": process.name},
        }
        for process in compose.running
        if (port := process.management_port or process.metrics_port)
    ]

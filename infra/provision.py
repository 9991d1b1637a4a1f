"""All servers at once: none of them needs another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra import kafka, postgres, rabbitmq
from infra.definition import Definition


class SettingsError(Exception):
    """A setting is missing."""


@dataclass(frozen=True)
class Settings:
    secrets: Path
    postgres_url: str  # of the superuser, without the password
    rabbitmq_management_url: str
    kafka_bootstrap_servers: str

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Settings:
        names = ("SECRETS_DIR", "POSTGRES_URL", "RABBITMQ_MANAGEMENT_URL", "KAFKA_BOOTSTRAP_SERVERS")
        if missing := [name for name in names if not env.get(name)]:
            raise SettingsError(f"not set: {', '.join(missing)}")
        folder, *addresses = (env[name] for name in names)
        return cls(Path(folder), *addresses)


async def provision(
    definition: Definition, settings: Settings, within: float, report: Callable[[str], None]
) -> None:
    def secret(path: str) -> str:
        return (settings.secrets / path).read_text(encoding="utf-8").strip()

    async def databases() -> None:
        await postgres.provision(settings.postgres_url, definition.databases, secret, within)
        report(f"provision: {len(definition.databases)} databases, each with its own role")

    async def queues() -> None:
        await rabbitmq.provision(settings.rabbitmq_management_url, definition.rabbitmq, secret, within)
        report(f"provision: RabbitMQ's vhost {definition.rabbitmq['vhost']}, users, rights and policies")

    async def topics() -> None:
        for line in await kafka.provision(settings.kafka_bootstrap_servers, definition.topics, within):
            report(f"provision: {line}")
        report(f"provision: {len(definition.topics)} topics")

    await asyncio.gather(databases(), queues(), topics())

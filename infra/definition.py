"""infra.yaml, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent / "infra.yaml"


@dataclass(frozen=True)
class Secret:
    path: str
    kind: str  # password, fernet or copy
    source: str | None = None  # of a copy: the path of the other

    @property
    def owner(self) -> str:
        return self.path.partition("/")[0]


@dataclass(frozen=True)
class Database:
    name: str  # of its role, too
    password: str  # a secret's path
    connections: int


@dataclass(frozen=True)
class Topic:
    name: str
    partitions: int
    replication: int
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Definition:
    owners: Mapping[str, int]
    secrets: list[Secret]
    databases: list[Database]
    rabbitmq: Mapping[str, Any]
    topics: list[Topic]


def load(path: Path = FILE) -> Definition:
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    kafka = raw["kafka"]
    return Definition(
        owners=raw["owners"],
        secrets=[secret(path, kind) for path, kind in raw["secrets"].items()],
        databases=[Database(name, **fields) for name, fields in raw["databases"].items()],
        rabbitmq=raw["rabbitmq"],
        topics=[
            Topic(name, kafka["partitions"], kafka["replication"], settings)
            for name, settings in kafka["topics"].items()
        ],
    )


def secret(path: str, kind: str | Mapping[str, str]) -> Secret:
    return Secret(path, kind) if isinstance(kind, str) else Secret(path, "copy", kind["same_as"])

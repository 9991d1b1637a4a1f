"""How long each process took from its start until it was ready, for `make status`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from native.modes import Mode
from native.paths import RUN


def file(mode: Mode) -> Path:
    return RUN / f"startup-{mode.name}.json"


def remember(mode: Mode, took: Mapping[str, float]) -> None:
    new = {name: round(seconds, 1) for name, seconds in took.items()}
    file(mode).write_text(json.dumps({**recall(mode), **new}), encoding="utf-8")


def recall(mode: Mode) -> dict[str, float]:
    if not file(mode).exists():
        return {}
    found: dict[str, float] = json.loads(file(mode).read_text(encoding="utf-8"))
    return found

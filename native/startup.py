"""How long each process took from its start until it was ready, for `make status`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from native.paths import RUN

FILE = RUN / "startup.json"


def remember(took: Mapping[str, float]) -> None:
    new = {name: round(seconds, 1) for name, seconds in took.items()}
    FILE.write_text(json.dumps({**recall(), **new}), encoding="utf-8")


def recall() -> dict[str, float]:
    found: dict[str, float] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return found

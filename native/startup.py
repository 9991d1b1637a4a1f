"""How long each process took from its start until it was ready, for `make status`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from native.modes import Mode
from native.paths import RUN

FILE = RUN / "startup.json"


def remember(mode: Mode, took: Mapping[str, float]) -> None:
    """Only of those that were started now: one that ran already was ready at once, which says nothing."""
    uptimes = {state.name: state.uptime_seconds or 0 for state in mode.states()}
    new = {name: round(seconds, 1) for name, seconds in took.items() if uptimes.get(name, 0) < seconds + 5}
    FILE.write_text(json.dumps({**recall(), **new}), encoding="utf-8")


def recall() -> dict[str, float]:
    found: dict[str, float] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return found

"""Configuration that is made: Envoy's from gateway/, Prometheus' targets from docker-compose.yml."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from gateway.render import render
from native import compose, targets


def write(folder: Path, env: Mapping[str, str] = os.environ) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "envoy.yaml").write_text(render(env), encoding="utf-8")
    found = targets.in_containers(compose.load(env))
    (folder / "targets.json").write_text(json.dumps(found, indent=2), encoding="utf-8")

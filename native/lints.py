"""One lint for all: ruff from the root, then mypy where each project's imports are found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from native import environments
from native.paths import ROOT
from native.progress import say


def run(projects: Sequence[Path]) -> int:
    everything = ROOT in projects
    paths = ["."] if everything else [str(project) for project in projects]
    results = [
        step("ruff check", [sys.executable, "-m", "ruff", "check", *paths], ROOT),
        step("ruff format", [sys.executable, "-m", "ruff", "format", "--check", *paths], ROOT),
    ]
    for project in projects:
        if project != ROOT:
            environments.make(project, dev=True)
        python = project / ".venv/bin/python"
        results.append(
            step(f"mypy {'root' if project == ROOT else project.name}", [str(python), "-m", "mypy"], project)
        )
    return 0 if all(results) else 1


def step(name: str, command: list[str], folder: Path) -> bool:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    good = done.returncode == 0
    say(f"{'ok  ' if good else 'BAD '} {name}")
    if not good:
        say((done.stdout + done.stderr).rstrip())
    return good

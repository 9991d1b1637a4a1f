"""Starts and stops the market with Docker Compose."""

from __future__ import annotations

import subprocess

from native import checks
from native.docker_mode import COMPOSE, DockerMode
from native.modes import CHOSEN, ModeError
from native.paths import RUN
from native.progress import say


def up(mode: DockerMode) -> None:
    up_already = any(state.pid for state in mode.states())
    if not up_already and (problems := checks.port_problems(mode.compose.running)):
        raise ModeError("\n".join(problems))
    RUN.mkdir(parents=True, exist_ok=True)
    CHOSEN.write_text(mode.name, encoding="utf-8")
    compose("up", "--build", "--detach", "--wait", "--wait-timeout", "600", "--remove-orphans")


def down(mode: DockerMode) -> None:
    compose("down", "--remove-orphans")
    CHOSEN.unlink(missing_ok=True)
    say(f"stopped; the volumes of {mode.compose.name} are kept (make clean removes them)")


def clean() -> None:
    compose("down", "--remove-orphans", "--volumes")


def compose(*arguments: str) -> None:
    if (status := subprocess.run([*COMPOSE, *arguments], check=False).returncode) != 0:
        raise ModeError(
            f"docker compose {arguments[0]} ended with {status}; see: docker compose ps -a, make logs S=…"
        )

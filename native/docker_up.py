"""Starts and stops the market with Docker Compose."""

from __future__ import annotations

import subprocess

from native import checks
from native import compose as compose_file
from native.docker_mode import COMPOSE, DockerMode, output
from native.modes import CHOSEN, ModeError, engine_answers, environment
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


def has_volumes() -> bool:
    if not engine_answers():
        return False
    ours = f"label=com.docker.compose.project={compose_file.load(environment()).name}"
    return bool(output(["docker", "volume", "ls", "--quiet", "--filter", ours]).strip())


def clean() -> None:
    compose("down", "--remove-orphans", "--volumes")


def compose(*arguments: str) -> None:
    if (status := subprocess.run([*COMPOSE, *arguments], check=False).returncode) != 0:
        raise ModeError(
            f"docker compose {arguments[0]} ended with {status}; see: docker compose ps -a, make logs S=…"
        )

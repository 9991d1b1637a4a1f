"""What `python -m native …` does, in either mode."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

from native import (
    checks,
    develop,
    docker_up,
    environments,
    install,
    lints,
    native_down,
    native_up,
    rules,
    seeds,
    show,
)
from native.docker_mode import DockerMode
from native.modes import CHOSEN, Mode, ModeError, choose, make
from native.native_mode import NativeMode
from native.paths import ROOT, STATE
from native.progress import say
from native.servers import postgres


def up(_given: Namespace) -> int:
    mode = mode_to_start()
    if isinstance(mode, DockerMode):
        docker_up.up(mode)
    elif isinstance(mode, NativeMode):
        native_up.up(mode)
    show.addresses(mode)
    show.accounts()
    return 0


def mode_to_start() -> Mode:
    """The chosen one; the other must not run, for both use the same ports."""
    name, why = choose(os.environ)
    if CHOSEN.exists() and (running := CHOSEN.read_text(encoding="utf-8").strip()) != name:
        if os.environ.get("MODE"):
            raise ModeError(f"the market runs in the mode {running}: make down first")
        name, why = running, "the market runs so already"
    say(f"Mode: {name} ({why})")
    return make(name)


def down(_given: Namespace) -> int:
    mode = Mode.detect()
    if isinstance(mode, DockerMode):
        docker_up.down(mode)
    elif isinstance(mode, NativeMode):
        native_down.down(mode)
    return 0


def status(_given: Namespace) -> int:
    return 0 if show.status(Mode.detect()) else 1


def where(_given: Namespace) -> int:
    show.front_door(Mode.detect())
    return 0


def seed(_given: Namespace) -> int:
    seeds.sow(Mode.detect())
    return 0


def logs(given: Namespace) -> int:
    return Mode.detect().logs(given.names, follow=given.follow, lines=given.lines)


def restart(given: Namespace) -> int:
    mode = Mode.detect()
    for process in mode.compose.find(given.name):
        mode.restart(process.name)
        say(f"{process.name} started again")
    return 0


def execute(given: Namespace) -> int:
    words = given.words[1:] if given.words[:1] == ["--"] else given.words
    sys.stdout.write(Mode.detect().exec(given.name, words))
    return 0


def dev(given: Namespace) -> int:
    return develop.run(Mode.detect(), given.name)


def packages(_given: Namespace) -> int:
    missing = checks.missing_packages(NativeMode().compose)
    if missing and not checks.may_install():
        raise ModeError("installing Debian packages needs root")
    if missing:
        install.packages(missing)
    say(f"installed: {' '.join(missing)}" if missing else "nothing is missing")
    return 0


def clean(given: Namespace) -> int:
    """Both modes' state, whichever ran last; MODE=native leaves Docker alone."""
    if os.environ.get("MODE") != "native" and docker_up.has_volumes():
        if not (given.yes or confirmed("Remove Docker's volumes, with all orders in them? [y/N] ")):
            say("Docker's volumes are kept, and so is the rest; YES=1 removes them without a question")
            return 1
        docker_up.clean()
    native_down.down(NativeMode())
    for folder in (postgres.ELSEWHERE, STATE):
        shutil.rmtree(folder, ignore_errors=True)
    say(f"{STATE.name}/ removed")
    return 0


def confirmed(question: str) -> bool:
    return sys.stdin.isatty() and input(question).strip().lower() in {"y", "yes"}


def make_envs(given: Namespace) -> int:
    for project in chosen(given.names, environments.code_projects()):
        say(f"{project.name}: {'made' if environments.make(project, dev=given.dev) else 'current'}")
    return 0


def lock(given: Namespace) -> int:
    for project in chosen(given.names, environments.projects()):
        environments.lock(project)
        say(f"{project.name}: locked")
    return 0


def contracts(given: Namespace) -> int:
    """Each service prints its own document; what changed in a promise is then a diff to look at."""
    promised = {file.stem: file for file in sorted((ROOT / "shared/contracts/openapi").glob("*.json"))}
    if unknown := [name for name in given.names if name not in promised]:
        raise ModeError(f"no contract of {', '.join(unknown)}; there are: {', '.join(promised)}")
    environments.ensure(given.names or [*promised])
    for name in given.names or promised:
        service = ROOT / "services" / name
        command = [str(service / ".venv/bin/python"), "-m", name, "openapi"]
        done = subprocess.run(command, cwd=service, capture_output=True, check=False)
        if done.returncode != 0:
            raise ModeError(f"{name} printed no document: {done.stderr.decode().strip()[-500:]}")
        same = promised[name].read_bytes() == done.stdout
        promised[name].write_bytes(done.stdout)
        say(f"{name}: {'as committed' if same else 'written anew'}")
    return 0


def check(_given: Namespace) -> int:
    found = rules.broken(NativeMode().compose)
    for line in found:
        say(line)
    say("docker-compose.yml breaks its rules" if found else "docker-compose.yml holds to its rules")
    return 1 if found else 0


def lint(given: Namespace) -> int:
    return lints.run(chosen(given.names, environments.projects()))


def chosen(names: list[str], projects: list[Path]) -> list[Path]:
    if not names:
        return projects
    known = {"root" if project == ROOT else project.name: project for project in projects}
    if unknown := [name for name in names if name not in known]:
        raise ModeError(f"no project is called {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names]

"""`make dev S=orders`: that process in the foreground with reload, all others as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from native.compose import Process
from native.docker_mode import COMPOSE, DockerMode
from native.modes import Mode, ModeError
from native.native_mode import NativeMode
from native.paths import ROOT
from native.progress import say

RELOAD = ROOT / "native/reload.py"


def run(mode: Mode, name: str) -> int:
    process = mode.compose.main_process(name)
    if process.project is None:
        raise ModeError(f"{name} is a server, not code of this project")
    if not any(state.name == process.name and state.pid for state in mode.states()):
        raise ModeError(f"{process.name} does not run: make up")
    say(
        f"{process.name} in the foreground, again after each change; breakpoint() works; Ctrl-C gives it back"
    )
    mode.stop(process.name)
    try:
        return foreground(mode, process)
    except KeyboardInterrupt:
        return 0
    finally:
        mode.start(process.name)


def foreground(mode: Mode, process: Process) -> int:
    if isinstance(mode, DockerMode):
        return subprocess.run(in_container(process), check=False, cwd=ROOT).returncode
    assert isinstance(mode, NativeMode)  # noqa: S101 - there are two
    words = reloading(sources(process), mode.translator.command(process), RELOAD)
    # the terminal's own settings as well: colors, its size, the debugger of one's choice
    env = {**os.environ, **mode.translator.environment(process)}
    return subprocess.run([sys.executable, *words], env=env, cwd=process.project, check=False).returncode


def sources(process: Process) -> list[Path]:
    return [ROOT / "shared/src", *([process.project / "src"] if process.project else [])]


def reloading(folders: Sequence[Path], command: Sequence[str], reload: Path) -> list[str]:
    return [str(reload), *map(str, folders), "--", *command]


def in_container(process: Process) -> list[str]:
    """A container in the place of the stopped one: its name, its ports, and the sources of this folder."""
    inside = {folder: Path("/src") / str(number) for number, folder in enumerate(sources(process))}
    mounts = [word for here, there in inside.items() for word in ("--volume", f"{here}:{there}:ro")]
    mounts += ["--volume", f"{RELOAD}:/reload.py:ro"]
    path = ["--env", f"PYTHONPATH={':'.join(map(str, inside.values()))}"]
    command = ["python", *reloading(list(inside.values()), process.command, Path("/reload.py"))]
    how = ["run", "--rm", "--no-deps", "--service-ports", "--use-aliases", *mounts, *path]
    return [*COMPOSE, *how, process.name, *command]

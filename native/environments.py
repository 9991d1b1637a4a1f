"""The environments of the services: one each, from hash-checked locks, made anew when a lock changed."""

from __future__ import annotations

import hashlib
import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from native import uv
from native.paths import ROOT

SHARED = ROOT / "shared"
LIBRARY = "bazaar-shared-kit"
AT_ONCE = 3
LOCK = (
    "--generate-hashes --universal --python-version 3.13 --no-emit-index-url --no-emit-find-links --quiet"
    f" --no-emit-package {LIBRARY} --custom-compile-command"
).split()


class EnvironmentsError(Exception):
    """An environment can't be made."""


def projects() -> list[Path]:
    """Everything with a lock of its own: the root's tools, the shared library, the services."""
    return [ROOT, *code_projects()]


def code_projects() -> list[Path]:
    services = sorted(path.parent for path in (ROOT / "services").glob("*/pyproject.toml"))
    return [SHARED, *services]


def stamp_of(project: Path, locks: Sequence[str]) -> str:
    content = [(project / name).read_bytes() for name in (*locks, "pyproject.toml")]
    content += [(SHARED / "pyproject.toml").read_bytes(), sys.version.encode()]
    return hashlib.sha256(b"\0".join(content)).hexdigest()


def current(project: Path, *, dev: bool = False) -> bool:
    """True if it holds what the locks say; an environment for development serves for running as well."""
    if not development_locks(project):
        raise EnvironmentsError(f"{project.relative_to(ROOT)} has no lock file: make lock S={project.name}")
    stamp = project / ".venv/bazaar-stamp"
    held = stamp.read_text().split() if stamp.exists() else []
    full = ["dev", stamp_of(project, development_locks(project))] if has_dev(project) else None
    if held == full:
        return True
    return not dev and held == ["run", stamp_of(project, ["requirements.txt"])]


def ensure(names: Sequence[str], *, dev: bool = False) -> None:
    """Several at once, by their folders' names: `orders`, `shared`."""
    by_name = {project.name: project for project in code_projects()}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda name: make(by_name[name], dev=dev), names))


def make(project: Path, *, dev: bool = False) -> bool:
    """Makes or renews `.venv`; False when it was current."""
    if current(project, dev=dev):
        return False
    python = project / ".venv/bin/python"
    stamp = project / ".venv/bazaar-stamp"
    stamp.unlink(missing_ok=True)
    if not runs_this_python(project):
        uv.run("venv", "--quiet", "--clear", "--python", sys.executable, str(project / ".venv"))
    dev = dev and has_dev(project)
    lock = project / ("requirements-dev.txt" if dev else "requirements.txt")
    uv.run("pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(lock))
    ours = dict.fromkeys([SHARED, project])  # in place: a changed source is seen at the next start
    editable = [word for path in ours for word in ("--editable", str(path))]
    uv.run("pip", "install", "--quiet", "--no-deps", "--python", str(python), *editable)
    uv.run("pip", "check", "--quiet", "--python", str(python))
    locks = development_locks(project) if dev else ["requirements.txt"]
    stamp.write_text(f"{'dev' if dev else 'run'} {stamp_of(project, locks)}")
    return True


def has_dev(project: Path) -> bool:
    return (project / "requirements-dev.txt").exists()


def development_locks(project: Path) -> list[str]:
    return [name for name in ("requirements.txt", "requirements-dev.txt") if (project / name).exists()]


def runs_this_python(project: Path) -> bool:
    python = project / ".venv/bin/python"
    return python.exists() and python.resolve() == Path(sys.executable).resolve()


def lock(project: Path) -> None:
    """Writes the project's lock files anew; versions that still fit are kept."""
    pyproject = project / "pyproject.toml"
    groups = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("dependency-groups", {})
    # uv itself goes there: the lock's comments then name no path
    compile_ = ["--directory", str(project), "pip", "compile", "pyproject.toml", "--python", sys.executable]
    compile_ += [*LOCK, "make lock"]
    if project != SHARED:  # a library: who uses it locks its dependencies
        uv.run(*compile_, "--output-file", "requirements.txt")
    if "dev" in groups:
        more = ["--all-extras"] if project == SHARED else ["--constraint", "requirements.txt"]
        uv.run(*compile_, *more, "--group", "dev", "--output-file", "requirements-dev.txt")

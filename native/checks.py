"""Looked at before anything starts; each finding is one line that says what to do."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path

from native import proc
from native.compose import Compose, Process
from native.paths import MARK, ROOT

MAVEN = {"mvn": "maven", "java": "default-jre-headless"}
NPM = {"node": "nodejs", "npm": "npm"}
NODE = 18
GIB = 1024


def platform_problems() -> list[str]:
    system, machine = platform.system(), platform.machine()
    if (system, machine) == ("Linux", "x86_64"):
        return []
    return [
        f"native mode needs Linux on amd64, this is {system} on {machine}: start a Docker engine, MODE=docker"
    ]


def memory_problems(needed_mib: int) -> list[str]:
    available = available_memory_mib()
    if available >= needed_mib:
        return []
    return [f"{available} MiB of memory are free, the market needs {needed_mib}: close something"]


def available_memory_mib() -> int:
    found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    free = int(found[1]) // GIB if found else 0
    # in a container the control group's limit counts
    limit, used = (read_number(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    return free if limit is None or used is None else min(free, (limit - used) // GIB**2)


def read_number(path: str) -> int | None:
    text = proc.read(path).decode().strip()
    return int(text) if text.isdigit() else None


def disk_problems(needed_mib: int) -> list[str]:
    free = shutil.disk_usage(ROOT).free // GIB**2
    return [] if free >= needed_mib else [f"{free} MiB of disk are free here, the market needs {needed_mib}"]


def port_problems(processes: Iterable[Process], ours: Collection[int] = ()) -> list[str]:
    """Ports that somebody else holds than these processes of ours."""
    wanted = {port: process.name for process in processes for port in process.listens_on}
    held = [holder for holder in proc.holders(set(wanted)) if holder.pid not in ours]
    others = {holder.port: market_of(holder) for holder in held}
    return [
        *(
            f"another market runs, from {place}: make down there"
            for place in sorted(set(filter(None, others.values())))
        ),
        *(
            f"port {holder.port} ({wanted[holder.port]}) is held by {describe(holder)}: stop it"
            for holder in held
            if not others[holder.port]
        ),
    ]


def market_of(holder: proc.Holder) -> str | None:
    """The folder of the market that the holder belongs to, if it is one's."""
    state = proc.variable(holder.pid, MARK) if holder.pid else None
    return str(Path(state).parent) if state else None


def describe(holder: proc.Holder) -> str:
    return f"process {holder.pid} ({holder.name[:60]})" if holder.pid else holder.name


def missing_packages(compose: Compose) -> list[str]:
    """Debian packages that have to be installed first."""
    needed: dict[str, str] = {}
    for process in compose.servers:
        install = process.native.get("install", {})
        if "apt" in install:
            needed[install["provides"]] = install["apt"]
        if "maven" in install or "pom" in install:
            needed |= MAVEN
        if "npm" in install:
            needed |= NPM
    return list(
        dict.fromkeys(package for command, package in needed.items() if shutil.which(command) is None)
    )


def node_problems(compose: Compose) -> list[str]:
    """Debian's Node is new enough; one that is here already need not be."""
    users = [process.name for process in compose.servers if "npm" in process.native.get("install", {})]
    if not users or shutil.which("node") is None:
        return []
    # asked, not only found: a version manager's shim stands on PATH for versions it does not have
    done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.", done.stdout)
    if found and int(found[1]) >= NODE:
        return []
    here = done.stdout.strip() or "one that does not run"
    return [f"node is {here}, {users[0]} needs {NODE} or newer: install that, or start a Docker engine"]


def package_problems(packages: list[str]) -> list[str]:
    if not packages or may_install():
        return []
    if shutil.which("apt-get") is None:
        return [f"missing: {', '.join(packages)} (Debian's names); install them, or start a Docker engine"]
    return [f"missing packages: sudo {ROOT}/.venv/bin/python -m native packages   ({' '.join(packages)})"]


def may_install() -> bool:
    return os.getuid() == 0 and shutil.which("apt-get") is not None

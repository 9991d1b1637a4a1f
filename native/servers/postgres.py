"""PostgreSQL's data folder: made once, by and for the user the server runs as."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from native.paths import DATA, INSTALL, ROOT, STATE

OPEN_TO_OTHERS = 0o001
ELSEWHERE = Path("/var/lib") / f"bazaar-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}"


class PostgresError(Exception):
    """PostgreSQL's data folder could not be made."""


def make_room() -> None:
    for link in (DATA / "postgres", INSTALL / "postgres"):
        place = place_for(link)
        if place != link and not link.is_symlink():
            place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            link.symlink_to(place)


def place_for(folder: Path) -> Path:
    """As root the server runs as `nobody`, who may not be let in here (below /root, say): then elsewhere."""
    if os.getuid() != 0 or enterable(ROOT):
        return folder
    return ELSEWHERE / folder.relative_to(STATE)


def enterable(folder: Path) -> bool:
    return all(step.stat().st_mode & OPEN_TO_OTHERS for step in [folder, *folder.parents])


def initialise(install: Path, data: Path, arguments: str, user: str | None, password: str) -> None:
    """`install` and `data` are resolved paths that `user` can enter."""
    if (data / "PG_VERSION").exists():
        return
    # a first start that was interrupted left half a folder: nothing in it is worth keeping
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700, parents=True)
    handed_over = data.with_name("postgres-first-password")
    handed_over.touch(mode=0o600)
    handed_over.write_text(password)
    for path in (data, handed_over):
        give(path, user)
    words = ["--username=postgres", "--encoding=UTF8", "--auth=scram-sha-256", f"--pwfile={handed_over}"]
    try:
        run_as(user, [str(install / "bin/initdb"), "-D", str(data), *words, *arguments.split()])
    finally:
        handed_over.unlink()


def give(path: Path, user: str | None) -> None:
    if user:
        owner = pwd.getpwnam(user)
        os.chown(path, owner.pw_uid, owner.pw_gid)


def run_as(user: str | None, command: list[str]) -> None:
    group = pwd.getpwnam(user).pw_gid if user else None
    done = subprocess.run(
        command,
        user=user,
        group=group,
        extra_groups=[] if user else None,
        cwd="/",
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise PostgresError(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()[-800:]}")

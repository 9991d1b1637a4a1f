"""PostgreSQL's data folder: made once, by and for the user the server runs as."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from native.paths import DATA, INSTALL, ROOT, SECRETS

OPEN_TO_OTHERS = 0o001


def make_room() -> None:
    """As root the server runs as `nobody`, who may not be allowed to enter this folder (below /root, say)."""
    if os.getuid() != 0 or enterable(ROOT):
        return
    elsewhere = Path("/var/lib") / f"bazaar-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}"
    for link in (DATA / "postgres", INSTALL / "postgres"):
        target = elsewhere / link.parent.name
        target.mkdir(mode=0o755, parents=True, exist_ok=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            shutil.rmtree(link, ignore_errors=True)
            link.symlink_to(target)


def enterable(folder: Path) -> bool:
    return all(step.stat().st_mode & OPEN_TO_OTHERS for step in [folder, *folder.parents])


def initialise(install: Path, data: Path, arguments: str, user: str | None) -> None:
    if (data / "PG_VERSION").exists():
        return
    # a first start that was interrupted left half a folder: nothing in it is worth keeping
    shutil.rmtree(data.resolve(), ignore_errors=True)
    data.resolve().mkdir(mode=0o700, parents=True)
    password = data.resolve().with_name("postgres-first-password")
    password.write_text((SECRETS / "postgres/superuser_password").read_text())
    password.chmod(0o600)
    if user:
        owner = pwd.getpwnam(user)
        for path in (data.resolve(), password):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    words = [f"--pwfile={password}", "--username=postgres", "--auth-local=scram-sha-256", "--encoding=UTF8"]
    try:
        subprocess.run(
            [str(install / "bin/initdb"), "-D", str(data.resolve()), *words, *arguments.split()],
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            cwd="/",
            check=True,
            capture_output=True,
            text=True,
        )
    finally:
        password.unlink()

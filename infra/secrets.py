"""Generates the secrets that are missing. One that exists is never changed: what it locks stays locked."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from infra.definition import Definition, Secret

OWNER_ONLY_FOLDER, OWNER_ONLY_FILE = 0o700, 0o600
GIVEN_FOLDER, GIVEN_FILE = 0o550, 0o440


def generate(definition: Definition, folder: Path, *, give_away: bool = False) -> list[str]:
    """Gives the paths of those it made. `give_away` (as root): each owner's files become that user's."""
    folder.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    made = [secret.path for secret in definition.secrets if make(secret, folder)]
    if give_away:
        folder.chmod(0o755)  # to pass through; each owner's folder is closed
        for owner, uid in definition.owners.items():
            hand_over(folder / owner, uid)
    return made


def make(secret: Secret, folder: Path) -> bool:
    path = folder / secret.path
    if path.exists():
        return False
    path.parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
    # written beside and moved: a crash leaves no half of a secret
    half = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY_FILE), "w") as file:  # noqa: PTH123
        file.write(text(secret, folder))
    half.rename(path)
    return True


def text(secret: Secret, folder: Path) -> str:
    if secret.source:
        return (folder / secret.source).read_text(encoding="utf-8")
    if secret.kind == "fernet":
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(32)


def hand_over(folder: Path, uid: int) -> None:
    if not folder.exists():
        return
    for path in [folder, *folder.rglob("*")]:
        path.chmod(GIVEN_FOLDER if path.is_dir() else GIVEN_FILE)
        os.chown(path, uid, uid)

"""Building the Go server that chat is measured against."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).resolve().parent / "chat_go"
BINARY = ROOT / ".bazaar" / "bench" / "chat-go"
MISSING = (
    "Go is missing, which the comparison is built with: https://go.dev/dl, or Debian's package golang-go"
)


class GoError(Exception):
    pass


@dataclass(frozen=True)
class Built:
    binary: Path
    versions: dict[str, str]


def build() -> Built:
    go = shutil.which("go")
    if go is None:
        raise GoError(MISSING)
    BINARY.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [go, "build", "-mod=readonly", "-trimpath", "-o", str(BINARY), "."],
        cwd=SOURCE, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise GoError(f"the Go server was not built: {done.stderr.strip()[-800:]}")
    version = subprocess.run([go, "version"], capture_output=True, text=True, timeout=30, check=True).stdout
    return Built(BINARY, versions(version, (SOURCE / "go.mod").read_text(encoding="utf-8")))


def versions(said: str, module: str) -> dict[str, str]:
    found = re.search(r"go(\d[\w.]*)", said)
    gorilla = re.search(r"gorilla/websocket v(\S+)", module)
    return {"go": found[1] if found else "?", "gorilla/websocket": gorilla[1] if gorilla else "?"}

"""uv: the one on PATH, or the one native/bootstrap.sh installed."""

from __future__ import annotations

import subprocess
from functools import cache

from native.paths import ROOT, STATE


class UvError(Exception):
    """uv failed; the message is its own."""


@cache
def find() -> str:
    for candidate in ("uv", str(STATE / "uv/bin/uv")):
        try:
            # asked, not only found: a version manager's shim can stand on PATH for a uv it does not have
            if (
                subprocess.run(
                    [candidate, "--version"], capture_output=True, cwd=ROOT, check=False
                ).returncode
                == 0
            ):
                return candidate
        except OSError:
            continue
    raise UvError("no uv here: run `make up`, which installs it, not `python -m native up`")


def run(*arguments: str) -> str:
    # from the root: a service's .python-version would send a version manager looking for another uv
    done = subprocess.run([find(), *arguments], capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode != 0:
        raise UvError(f"uv {' '.join(arguments[:2])}: {(done.stderr or done.stdout).strip()[-1500:]}")
    return done.stdout

"""Runs a command and starts it again when a Python file changes; for `make dev`, in both modes.

    python reload.py src ../../shared/src -- python -m orders serve

The command keeps the terminal: `breakpoint()` works.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PAUSE = 0.5


def changes(folders: Sequence[str]) -> dict[str, float]:
    return {
        str(path): path.stat().st_mtime
        for folder in folders
        for path in Path(folder).rglob("*.py")
        if path.exists()
    }


def main(folders: Sequence[str], command: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # where a shell started us in the background it is ignored, by our child too
    signal.signal(signal.SIGINT, signal.default_int_handler)
    while True:
        seen = changes(folders)
        child = subprocess.Popen(command)
        try:
            while child.poll() is None and changes(folders) == seen:
                time.sleep(PAUSE)
            if child.poll() is None:
                print("--- changed, starting again", flush=True)
            else:
                print(f"--- ended with {child.returncode}, waiting for a change", flush=True)
                while changes(folders) == seen:
                    time.sleep(PAUSE)
        except KeyboardInterrupt:
            return 0
        finally:
            end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(15)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    separator = sys.argv.index("--")
    sys.exit(main(sys.argv[1:separator], sys.argv[separator + 1 :]))

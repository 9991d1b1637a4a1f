"""Fault injection for the chaos tests: the process SIGKILLs itself at a named point.

FAULT_FILE names a file. Whenever it holds a point's name, the first who comes there takes the file away and
dies; with a `*` behind the name the file stays, and everybody dies there.

The points: `claimed` (a mail's row is leased, nothing was asked yet), `sent` (the mail server has
taken it, the row does not say so), `rendering` (a picture is drawn).
"""

import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class FaultInjector:
    def __init__(self, file: Path | None, die: Callable[[], None] = kill_self) -> None:
        self._file = file
        self._die = die

    def at(self, point: str) -> None:
        if self._file is not None and self._armed(self._file, point):
            logger.critical("this process kills itself, as it was told to", extra={"point": point})
            self._die()

    @staticmethod
    def _armed(file: Path, point: str) -> bool:
        """True for the one who took the file away: it kills once, however many come by."""
        try:
            told = file.read_text("utf-8").strip()
            if told == point:
                file.unlink()
        except FileNotFoundError:
            return False
        return told in (point, f"{point}*")

"""Fault injection for the chaos tests: the worker SIGKILLs itself at a named point of a saga.

The points are `before-send:<step>`, `after-reply:<step>`, `after-commit:<state>`. A point is armed in one of
two ways:
- SAGA_CRASH_AT=<point>: once in each life of the process, from its start on;
- FAULT_FILE=<path>: whenever that file holds a point's name. It is removed before the process dies, so that
  the next life goes on undisturbed, and can be written again at any time. When both are set, SAGA_CRASH_AT is
  written to the file at the first start only, and so kills once even when a supervisor starts the process
  again.
"""

import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

from orders.domain.steps import State

logger = logging.getLogger(__name__)


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class FaultInjector:
    def __init__(
        self, crash_at: str | None = None, file: Path | None = None, die: Callable[[], None] = kill_self
    ) -> None:
        self._crash_at = crash_at if file is None else None
        self._file = file
        self._die = die
        if crash_at and file is not None:
            self._arm_once(crash_at, file)

    def before_send(self, step: str) -> None:
        self._at(f"before-send:{step}")

    def after_reply(self, step: str, outcome: str, seconds: float) -> None:  # noqa: ARG002
        self._at(f"after-reply:{step}")

    def after_commit(self, before: State, after: State) -> None:  # noqa: ARG002
        self._at(f"after-commit:{after}")

    def _at(self, point: str) -> None:
        if self._crash_at == point or self._disarmed(point):
            logger.critical("the saga worker kills itself, as it was told to", extra={"point": point})
            self._die()

    def _disarmed(self, point: str) -> bool:
        """True for the one who took the file away: it kills once, however many sagas come by."""
        if self._file is None:
            return False
        try:
            if self._file.read_text("utf-8").strip() != point:
                return False
            self._file.unlink()
        except FileNotFoundError:
            return False
        return True

    @staticmethod
    def _arm_once(point: str, file: Path) -> None:
        marker = file.with_name(f"{file.name}.armed")
        if not marker.exists():
            marker.touch()
            file.write_text(point, "utf-8")

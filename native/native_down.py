"""Stops what was started natively and nothing else: the supervisor's children, and what carries our mark."""

from __future__ import annotations

import contextlib
import os
import signal

from native import proc
from native.modes import CHOSEN
from native.native_mode import NativeMode
from native.paths import MARK, STATE
from native.progress import say, showing
from native.supervisor import Supervisor, wait

PATIENCE = 10.0


def down(mode: NativeMode) -> None:
    if mode.supervisor.alive():
        processes = {process.name for process in mode.compose.running if not process.is_server}
        running = [name for name, info in mode.supervisor.states().items() if info["pid"]]
        # the processes first: they still have work to put away in the servers
        with showing("Stopping"):
            stop_together(mode.supervisor, [name for name in running if name in processes])
            stop_together(mode.supervisor, [name for name in running if name not in processes])
        mode.supervisor.shutdown()
        say(f"{len(running)} processes stopped; data is kept in {STATE.name}/ (make clean removes it)")
    end_leftovers()
    CHOSEN.unlink(missing_ok=True)


def stop_together(supervisor: Supervisor, names: list[str]) -> None:
    for name in names:
        supervisor.stop(name, wait=False)
    wait(lambda: not any(supervisor.states()[name]["pid"] for name in names), 90)


def end_leftovers() -> None:
    """Processes of a run whose supervisor was killed, and daemons that left their process group."""
    left = started_here()
    for sig in (signal.SIGTERM, signal.SIGKILL):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sig)
        if wait(lambda: not started_here(), PATIENCE):
            return
        left = started_here()


def started_here() -> list[int]:
    """All that `make up` started and that still runs: each carries the mark of this state folder."""
    return proc.marked(MARK, str(STATE))

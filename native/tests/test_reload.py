from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bazaar_shared.testing import eventually

RELOAD = Path(__file__).parents[1] / "reload.py"
PROGRAM = (
    "import pathlib, time; f = pathlib.Path({told!r}); f.write_text(f.read_text() + 'x'); time.sleep(600)"
)


@pytest.fixture(params=[signal.SIG_DFL, signal.SIG_IGN], ids=["in the foreground", "in the background"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """How often the program was started, in x's."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/code.py").write_text("a = 1")
    told = tmp_path / "told"
    told.write_text("")
    program = [sys.executable, "-c", PROGRAM.format(told=str(told))]
    command = [sys.executable, str(RELOAD), str(tmp_path / "src"), "--", *program]
    # what a shell does for a command that ends with `&`
    before = signal.signal(signal.SIGINT, request.param)
    reloader = subprocess.Popen(command, start_new_session=True)
    signal.signal(signal.SIGINT, before)
    try:
        yield told
        os.killpg(reloader.pid, signal.SIGINT)  # as Ctrl-C does
        assert reloader.wait(20) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(reloader.pid, signal.SIGKILL)
        reloader.wait()


def test_a_change_starts_it_again_and_nothing_else_does(told: Path) -> None:
    eventually(lambda: told.read_text() == "x")
    (told.parent / "src/notes.txt").write_text("no code")
    (told.parent / "src/code.py").write_text("a = 22")
    eventually(lambda: told.read_text() == "xx")

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bazaar_shared.testing import eventually

RELOAD = Path(__file__).parents[1] / "reload.py"
PROGRAM = (
    "import pathlib, time; f = pathlib.Path({told!r}); f.write_text(f.read_text() + 'x'); time.sleep(600)"
)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Path]:
    """How often the program was started, in x's."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/code.py").write_text("a = 1")
    told = tmp_path / "told"
    told.write_text("")
    program = [sys.executable, "-c", PROGRAM.format(told=str(told))]
    command = [sys.executable, str(RELOAD), str(tmp_path / "src"), "--", *program]
    with subprocess.Popen(command, start_new_session=True) as reloader:
        try:
            yield told
        finally:
            os.killpg(reloader.pid, signal.SIGINT)  # as Ctrl-C does
        assert reloader.wait(20) == 0


def test_a_change_starts_it_again_and_nothing_else_does(told: Path) -> None:
    eventually(lambda: told.read_text() == "x")
    (told.parent / "src/notes.txt").write_text("no code")
    (told.parent / "src/code.py").write_text("a = 22")
    eventually(lambda: told.read_text() == "xx")

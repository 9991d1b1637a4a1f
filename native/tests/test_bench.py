"""The tests' own servers, beside the market's."""

from __future__ import annotations

from pathlib import Path

from bazaar_shared.testing import eventually
from native import native_down, proc
from native.bench import started
from native.native_mode import NativeMode
from native.paths import MARK, STATE


def test_a_server_of_the_tests_is_no_leftover_of_the_market(tmp_path: Path) -> None:
    market = {MARK: str(STATE)}  # as the market's own settings for a server carry it
    with started(NativeMode().translator, "kafka", ["sleep", "60"], market, tmp_path):
        [pid] = eventually(lambda: proc.marked(MARK, str(tmp_path)), within=10)
        assert pid not in native_down.started_here()

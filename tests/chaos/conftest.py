"""Faults are drawn from a seed that is printed; FULL=1 takes every one at every step."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from native.modes import Mode
from tests.kit.market import ROOT
from tests.kit.sampling import FULL, SEED


def pytest_report_header() -> str:
    return f"chaos: {'every fault' if FULL else 'a sample of the faults'}, CHAOS_SEED={SEED}"


@pytest.fixture(scope="session")
def mode() -> Mode:
    return Mode.detect()


@pytest.fixture
def audit() -> Callable[[], None]:
    def clean() -> None:
        done = subprocess.run(
            [sys.executable, "-m", "tools.audit", "--settled", "--within", "60"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]

    return clean

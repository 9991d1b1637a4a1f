"""Faults are drawn from a seed that is printed; FULL=1 takes every one at every step."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable

import pytest

from native.modes import Mode
from tests.kit.market import ROOT

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10_000))
FULL = os.environ.get("FULL") == "1"


def pytest_report_header() -> str:
    return f"chaos: {'every fault' if FULL else 'a sample of the faults'}, CHAOS_SEED={SEED}"


def sample[T](faults: list[T], how_many: int) -> list[T]:
    """All of them with FULL=1, else a draw by the run's seed (kept in order)."""
    if FULL or how_many >= len(faults):
        return faults
    chosen = set(random.Random(SEED).sample(range(len(faults)), how_many))
    return [fault for number, fault in enumerate(faults) if number in chosen]


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

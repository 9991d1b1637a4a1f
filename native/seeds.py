"""The demo market, loaded by each service's own `seed`: idempotent, so it may run at every start."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from native.compose import Process
from native.modes import Mode
from native.progress import Progress, showing


def sow(mode: Mode) -> None:
    seeds = mode.compose.once("ready")
    with showing("Demo market") as progress, ThreadPoolExecutor(len(seeds)) as pool:
        list(pool.map(lambda seed: sow_one(mode, seed, progress), seeds))


def sow_one(mode: Mode, seed: Process, progress: Progress) -> None:
    progress.begin(seed.name, "loading")
    try:
        said = mode.exec(seed.name, seed.command, timeout=300).strip().splitlines()
    except Exception as error:
        progress.done(seed.name, str(error).splitlines()[-1][:200], failed=True)
        raise
    words = [line for line in said if not line.startswith("{")]  # the rest is its log
    progress.done(seed.name, words[-1][:100] if words else "loaded")

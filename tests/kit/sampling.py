"""What an everyday run leaves out is drawn by a seed that is printed; FULL=1 takes everything."""

from __future__ import annotations

import os
import random

SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10_000))
FULL = os.environ.get("FULL") == "1"


def sample[T](things: list[T], how_many: int) -> list[T]:
    """All of them with FULL=1, else a draw by the run's seed (kept in order)."""
    if FULL or how_many >= len(things):
        return things
    chosen = set(random.Random(SEED).sample(range(len(things)), how_many))
    return [thing for number, thing in enumerate(things) if number in chosen]

"""`python -m reviews …` as it runs."""

import json
from collections.abc import Callable
from pathlib import Path

from bazaar_shared.testing import processes


class Process(processes.Process):
    module, base = "reviews", "/api/reviews"

    def is_ready(self) -> bool:
        """Of a serving process: the worker answers, not the one that waits for the schema."""
        return super().is_ready() and json.loads(self.managed("/health/ready")[1])["checks"].keys() != {
            "schema"
        }

    def workers(self) -> list[int]:
        """The serving processes below the watching one; multiprocessing keeps a helper beside them."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


type Start = Callable[..., Process]

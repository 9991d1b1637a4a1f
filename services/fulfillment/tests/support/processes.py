"""Fulfillment's real processes, started as the deployment starts them."""

import time

from bazaar_shared.testing import processes


class Process(processes.Process):
    module = "fulfillment"

    def terminate(self) -> tuple[int, float]:
        """SIGTERM; the exit code and how long it took."""
        began = time.monotonic()
        return self.stop(), time.monotonic() - began


running = Process.running

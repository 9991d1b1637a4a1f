"""The service's processes, as they are started."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bazaar_shared.testing import aeventually, processes


class Process(processes.Process):
    module, base = "clickstream", "/api/clickstream"


@asynccontextmanager
async def running(*command: str, ready: bool = True, **env: str) -> AsyncIterator[Process]:
    """Waits without holding up the loop: the line to Kafka may be there."""
    process = Process(*command, **env)
    try:
        if ready:
            await aeventually(lambda: asyncio.to_thread(process.is_ready), within=60)
        yield process
    finally:
        process.kill()

"""Running an asyncio loop of the shared library as a process of this service."""

import asyncio
import signal
from collections.abc import Awaitable
from typing import Protocol

from django.conf import settings

from bazaar_shared import telemetry
from bazaar_shared.management import Check, Health, Management


class Loop(Protocol):
    def __call__(self, *, stop: asyncio.Event) -> Awaitable[None]: ...


def run_until_signalled(loop: Loop, health: Health, **checks: Check) -> None:
    """Run until SIGTERM or SIGINT, with the management port beside it."""
    config = settings.CONFIG
    telemetry.configure("catalog", config.process_name)
    port = Management(
        config.management_host, config.management_port, live=health.alive, ready={**health.checks, **checks}
    )
    port.start()
    try:
        asyncio.run(_until_signalled(loop))
    finally:
        port.stop()


async def _until_signalled(loop: Loop) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await loop(stop=stop)

"""How the asyncio processes run: logs, a management port, and a stop event that SIGTERM sets."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

from bazaar_shared import logs, telemetry
from bazaar_shared.management import Health, Management
from fulfillment.settings import Settings


def run_until_signal(
    settings: Settings, boards: Sequence[Health], work: Callable[[asyncio.Event], Awaitable[None]]
) -> int:
    logs.configure("fulfillment", settings.process_name, settings.log_level)
    telemetry.configure("fulfillment", settings.process_name)
    management = Management(
        settings.management_host,
        settings.management_port,
        live=lambda: all(board.alive() for board in boards),
        ready={name: check for board in boards for name, check in board.checks.items()},
    )

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await work(stop)

    management.start()
    try:
        asyncio.run(main())
    finally:
        management.stop()
    return 0

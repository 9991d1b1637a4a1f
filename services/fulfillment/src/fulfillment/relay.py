"""Three outboxes, one process: asyncio and the shared relay. No eventlet here, its patches and asyncio
don't mix.
"""

import asyncio

from bazaar_shared.management import Health
from bazaar_shared.relay import run_relay
from fulfillment.loop import run_until_signal
from fulfillment.settings import Settings


def relay(settings: Settings) -> int:
    boards = {name: Health("database", "kafka", prefix=f"{name}_") for name in settings.databases}

    async def work(stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as relays:
            for name, dsn in settings.databases.items():
                relays.create_task(
                    run_relay(dsn, _kafka(settings), name=name, stop=stop, health=boards[name]), name=name
                )

    return run_until_signal(settings, list(boards.values()), work)


def _kafka(settings: Settings) -> str:
    assert settings.kafka_bootstrap_servers  # noqa: S101 `load` has required it
    return settings.kafka_bootstrap_servers

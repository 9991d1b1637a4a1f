"""python -m orders <command>."""

import argparse
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping

import uvloop

from bazaar_shared import logs, telemetry
from bazaar_shared.settings import SettingsError
from orders.settings import Settings, load

SERVICE = "orders"

COMMANDS: Mapping[str, str] = {
    "serve": "the HTTP API (default); BACKGROUND=relay,consume,saga runs those loops inside",
    "relay": "send the outbox's events to Kafka",
    "consume": "keep prices and parcels up to date from Kafka",
    "saga": "run the checkouts' sagas",
    "migrate": "bring the schema up to date, then end",
    "export": "print the books, one JSON object a line",
    "replay-dead-letters": "handle the events that were laid aside once more",
    "openapi": "print the OpenAPI document",
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m orders",
        description="Bazaar's orders. Settings come from the environment: see README.md.",
        epilog="\n".join(f"  {name:<20} {text}" for name, text in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", default="serve", choices=list(COMMANDS), metavar="command")
    command = parser.parse_args(arguments).command
    if command == "openapi":
        return _openapi()
    try:
        settings = load()
        # secrets that cannot be read are found out now, not at the first use
        _ = settings.dsn, settings.amqp
    except SettingsError as error:
        print(f"orders: {error}", file=sys.stderr)
        return 2
    if command == "export":
        # stdout is the books'
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    else:
        logs.configure(SERVICE, settings.process_name, settings.log_level)
    telemetry.configure(SERVICE, settings.process_name)
    uvloop.run(_run(command, settings))
    return 0


async def _run(command: str, settings: Settings) -> None:
    from orders import books, processes
    from orders.container import Container

    container = Container(settings=settings)
    runs: Mapping[str, Callable[[Container], Awaitable[None]]] = {
        "serve": processes.serve,
        "migrate": processes.migrate_once,
        "export": books.export,
        "replay-dead-letters": processes.replay,
    }
    if command in runs:
        await runs[command](container)
    else:
        await processes.run_loop(container, command)


def _openapi() -> int:
    """Needs no settings: the document says nothing of where it runs."""
    import json

    from prometheus_client import CollectorRegistry

    from orders.app import create_app
    from orders.container import Container

    print(json.dumps(create_app(Container(), CollectorRegistry()).openapi(), indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

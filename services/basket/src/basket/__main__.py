"""python -m basket <command>."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping

from basket.settings import Settings, load
from bazaar_shared import logs, telemetry
from bazaar_shared.settings import SettingsError

SERVICE = "basket"

COMMANDS: Mapping[str, str] = {
    "serve": "the HTTP API (default)",
    "relay": "send the outbox's events to Kafka",
    "consume": "keep prices, stock and bought baskets up to date from Kafka",
    "migrate": "bring the schema up to date, then end",
    "export": "print the books, one JSON object a line",
    "replay-dead-letters": "handle the events that were laid aside once more",
    "openapi": "print the OpenAPI document",
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m basket",
        description="Bazaar's baskets. Settings come from the environment: see README.md.",
        epilog="\n".join(f"  {name:<20} {text}" for name, text in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", default="serve", choices=list(COMMANDS), metavar="command")
    command = parser.parse_args(arguments).command
    if command == "openapi":
        return _openapi()
    try:
        settings = load()
        # a secret that cannot be read is found out now, not at the first use
        _ = settings.dsn
    except SettingsError as error:
        print(f"basket: {error}", file=sys.stderr)
        return 2
    if command == "export":
        # stdout is the books'
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    else:
        logs.configure(SERVICE, settings.process_name, settings.log_level)
    telemetry.configure(SERVICE, settings.process_name)
    if command == "serve":
        return _serve(settings)
    asyncio.run(_run(command, settings))
    return 0


def _serve(settings: Settings) -> int:
    """Sanic's own server in this one process: more of them are more replicas, each with its own port."""
    from basket.app import create_app

    app = create_app(settings=settings)
    app.run(settings.http_host, settings.http_port, single_process=True, motd=False, access_log=False)
    return 0


async def _run(command: str, settings: Settings) -> None:
    from basket import books, processes

    runs: Mapping[str, Callable[[Settings], Awaitable[None]]] = {
        "migrate": processes.migrate_once,
        "export": books.export,
        "replay-dead-letters": processes.replay,
    }
    if command in runs:
        await runs[command](settings)
    else:
        await processes.run_loop(settings, command)


def _openapi() -> int:
    """Needs no settings: the document says nothing of where it runs."""
    import json

    from basket.api.contract import document

    print(json.dumps(document(), indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

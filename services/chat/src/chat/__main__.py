"""python -m chat <command>."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping

import uvloop

from bazaar_shared import logs, telemetry
from bazaar_shared.settings import SettingsError
from chat.settings import Settings, load

SERVICE = "chat"

COMMANDS: Mapping[str, str] = {
    "serve": "the HTTP API and its WebSocket (default)",
    "consume": "learn from Kafka how orders go",
    "migrate": "bring the schema up to date, then end",
    "export": "print the books, one JSON object a line",
    "replay-dead-letters": "handle the events that were laid aside once more",
    "openapi": "print the OpenAPI document",
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m chat",
        description="Conversations and live orders. Settings come from the environment: see README.md.",
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
        _ = settings.dsn, settings.redis, settings.cookie_key
    except SettingsError as error:
        print(f"chat: {error}", file=sys.stderr)
        return 2
    if command == "export":
        # stdout is the books'
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    else:
        logs.configure(SERVICE, settings.process_name, settings.log_level)
    telemetry.configure(SERVICE, settings.process_name)
    asyncio.run(_run(command, settings), loop_factory=uvloop.new_event_loop)
    return 0


async def _run(command: str, settings: Settings) -> None:
    from chat import books, consume, serve

    runs: Mapping[str, Callable[[Settings], Awaitable[None]]] = {
        "serve": serve.serve,
        "consume": consume.consume,
        "migrate": consume.migrate_once,
        "export": books.export,
        "replay-dead-letters": consume.replay,
    }
    await runs[command](settings)


def _openapi() -> int:
    """Needs no settings: the document says nothing of where it runs."""
    import json

    from chat.web.document import document

    print(json.dumps(document(), indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

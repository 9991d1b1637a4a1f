"""python -m insights <command>."""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping

from bazaar_shared import logs, telemetry
from bazaar_shared.settings import SettingsError
from insights.settings import Settings, load

SERVICE = "insights"

COMMANDS: Mapping[str, str] = {
    "serve": "read the streams, keep the tables, answer by HTTP (default)",
    "export": "print the books, one JSON object a line",
    "replay-dead-letters": "handle the records that were laid aside once more",
    "reset": "throw away what was derived; the next start derives it anew. Stop every worker first",
    "repartition": "split the topics anew, as PARTITIONS says. Stop everybody who reads or writes them first",
    "topics": "print the topics that the deployment makes, with their partitions and configuration",
    "openapi": "print the OpenAPI document",
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m insights",
        description="What Bazaar's streams add up to. Settings come from the environment: see README.md.",
        epilog="\n".join(f"  {name:<20} {text}" for name, text in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", default="serve", choices=list(COMMANDS), metavar="command")
    command = parser.parse_args(arguments).command
    if command in ("openapi", "topics"):
        return _print(command)
    try:
        settings = load()
    except SettingsError as error:
        print(f"insights: {error}", file=sys.stderr)
        return 2
    if command == "export":
        # stdout is the books'
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    else:
        logs.configure(SERVICE, settings.process_name, settings.log_level)
    telemetry.configure(SERVICE, settings.process_name)
    if command == "serve":
        from insights.serving import serve

        return serve(settings)
    return _run(command, settings)


def _run(command: str, settings: Settings) -> int:
    from insights import books, repartition, reset
    from insights.replaying import replay

    runs: Mapping[str, Callable[[Settings], Awaitable[None]]] = {
        "export": books.export,
        "replay-dead-letters": replay,
        "repartition": repartition.repartition,
        "reset": reset.reset,
    }
    try:
        asyncio.run(runs[command](settings))  # type: ignore[arg-type]
    except (reset.StillRunning, repartition.StillWriting) as error:
        print(f"insights: {error}", file=sys.stderr)
        return 1
    return 0


def _print(command: str) -> int:
    """Needs no settings."""
    if command == "topics":
        from insights.topology import Topology

        print(json.dumps([topic.as_json() for topic in Topology().all()], indent=2))
        return 0
    from insights.api.contract import document

    print(json.dumps(document(), indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

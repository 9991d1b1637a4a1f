"""python -m clickstream <command>."""

import argparse
import sys
from collections.abc import Mapping

from bazaar_shared import logs, telemetry
from bazaar_shared.settings import SettingsError
from clickstream.settings import load

SERVICE = "clickstream"

COMMANDS: Mapping[str, str] = {
    "serve": "the HTTP API (default)",
    "openapi": "print the OpenAPI document",
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m clickstream",
        description="Bazaar's page events. Settings come from the environment: see README.md.",
        epilog="\n".join(f"  {name:<20} {text}" for name, text in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", default="serve", choices=list(COMMANDS), metavar="command")
    command = parser.parse_args(arguments).command
    if command == "openapi":
        return _openapi()
    try:
        settings = load()
    except SettingsError as error:
        print(f"{SERVICE}: {error}", file=sys.stderr)
        return 2
    logs.configure(SERVICE, settings.process_name, settings.log_level)
    telemetry.configure(SERVICE, settings.process_name)
    from clickstream.server import serve

    serve(settings)
    return 0


def _openapi() -> int:
    """Needs no settings: the document says nothing of where it runs."""
    import json

    from clickstream.api.openapi import document

    print(json.dumps(document(), indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
